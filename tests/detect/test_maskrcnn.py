from pathlib import Path

import numpy as np
import pytest
import torch
from maskrcnn import made

from spineyolo.detect.load import RELEASED_WEIGHTS
from spineyolo.detect.maskrcnn import MaskRCNNDetector, is_maskrcnn
from spineyolo.errors import BadInputError
from spineyolo.maskrcnn import checkpoint
from spineyolo.maskrcnn.network import SpineMaskRCNN


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network; it sees something everywhere."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    checkpoint.save(folder / "untrained.pt", SpineMaskRCNN(made.recipe(folder).architecture))
    return folder / "untrained.pt"


@pytest.mark.parametrize("shape", [(700, 260), (300, 500)])
def test_detect__candidates_lie_on_the_film_with_all_levels(weights: Path, shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    found = MaskRCNNDetector(weights).detect(grey)
    assert len(found) > 0
    assert found.level_scores.shape == (len(found), 24) and (found.level_scores > 0).all()
    assert found.boxes.dtype == np.float32
    assert (found.boxes >= 0).all() and (found.boxes <= [*shape[::-1], *shape[::-1]]).all()
    for polygon, box in zip(found.polygons, found.boxes, strict=True):
        assert len(polygon) >= 3
        assert (polygon >= box[:2] - 0.01).all() and (polygon <= box[2:] + 0.01).all()


def test_is_maskrcnn__tells_checkpoints_apart(weights: Path, tmp_path: Path) -> None:
    assert is_maskrcnn(weights)
    assert not is_maskrcnn(RELEASED_WEIGHTS)
    assert not is_maskrcnn(tmp_path / "none.pt")


def test_init__weights_that_do_not_fit_are_named(weights: Path, tmp_path: Path) -> None:
    content = torch.load(weights, weights_only=True)
    content["architecture"]["channels"] = 64
    torch.save(content, tmp_path / "changed.pt")
    with pytest.raises(BadInputError, match=r"changed\.pt"):
        MaskRCNNDetector(tmp_path / "changed.pt")
    with pytest.raises(BadInputError, match=r"spineyolo-n\.pt"):
        MaskRCNNDetector(RELEASED_WEIGHTS)
