import json
from pathlib import Path

import numpy as np
import pytest
from measure.drawn import body, mirrored

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.errors import BadInputError
from spineyolo.measure import lateral_truth

LEVELS = ("L1", "L2", "L3", "L4", "L5")


def lordotic() -> dict[str, np.ndarray]:
    """Five bodies with anterior at the image's right, corners in anatomical order."""
    tilts = np.linspace(-18, 18, 5)
    return {level: body((300, 200 + 62 * row), 55, 42, tilts[row]) for row, level in enumerate(LEVELS)}


def document(path: Path, rings: dict[str, np.ndarray], name: str = "lateral_1") -> Path:
    annotations = [
        {"image_id": 1, "category_id": CATEGORY_ID[k], "segmentation": [v.ravel().tolist()], "dropped": False}
        for k, v in rings.items()
    ]
    images = [{"id": 1, "file_name": f"{name}.png", "width": 600, "height": 1200}]
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    return path


@pytest.mark.parametrize("change", [lambda rings: rings, mirrored])
def test_compare__the_same_corners_agree(tmp_path, change):
    films = [document(tmp_path / name, change(lordotic())) for name in ("p.json", "t.json")]
    table, errors = lateral_truth.compare(films[0], films[1], "lateral")
    assert errors.shape == (5, 4) and errors.max() < 0.1
    assert set(table.measure) >= {"lumbar_lordosis_l1_l5", "disc_height_middle", "disc_farfan_index", "slip"}
    assert (table.measured - table.true).abs().max() < 0.1


def test_compare__shifted_level(tmp_path):
    moved = {**lordotic(), "L3": lordotic()["L3"] + np.array([4.2, 0])}
    found, truth = document(tmp_path / "p.json", moved), document(tmp_path / "t.json", lordotic())
    table, errors = lateral_truth.compare(found, truth, "lateral")
    assert errors.mean(axis=1).round(1).tolist() == [0, 0, 10, 0, 0]
    slips = table[table.measure == "slip"]
    assert (slips.measured - slips.true).abs().max() == pytest.approx(100 * 4.2 / 55, abs=0.5)
    assert "| slip | 4 |" in lateral_truth.section(found, truth, "lateral")


def test_compare__no_such_film(tmp_path):
    films = [document(tmp_path / name, lordotic()) for name in ("p.json", "t.json")]
    with pytest.raises(BadInputError, match="start with cervical"):
        lateral_truth.compare(films[0], films[1], "cervical")
