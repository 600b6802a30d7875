from pathlib import Path

import cv2
import numpy as np
import pytest

from spineyolo.measure import pictures
from spineyolo.render.spec import DiscLoss, Side, Slip

HEIGHT_PX = 420


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("pictures")
    pictures.write_all(out, HEIGHT_PX)
    return out


@pytest.mark.parametrize("name", pictures.SIGNS)
def test_write_all__the_sign_is_on_the_right_panel_alone(folder, name):
    path = folder / f"measure_{name}.jpg"
    picture = cv2.imread(str(path))
    assert picture.shape[1] == pytest.approx(2 * picture.shape[0], abs=2)
    assert path.stat().st_size < 150_000
    left, right = picture[:, : picture.shape[1] // 2], picture[:, picture.shape[1] // 2 :]
    changed = np.abs(left.astype(int) - right).max(axis=2)[60:] > 60  # under the panels' letters
    assert 0.001 < changed.mean() < 0.5


def test_shown__measures_what_was_drawn():
    slipped = pictures._shown(HEIGHT_PX, {"slips": (Slip("L4", 22.0, Side.ANTERIOR),)})
    assert slipped.measured["slip", "L4-L5"].value == pytest.approx(22, abs=2)
    sound, worn = (pictures._shown(HEIGHT_PX, {"discs": discs}) for discs in ((), (DiscLoss("L4", 0.6),)))
    lost = [one.measured["disc_height_middle", "L4-L5"].value for one in (worn, sound)]
    assert lost[0] / lost[1] == pytest.approx(0.4, abs=0.08)
