import cv2
import numpy as np
import pytest

from spineyolo.detect.candidates import MASK_LEVEL, MAX_CANDIDATES, MIN_SCORE, NMS_IOU, candidates
from spineyolo.detect.canvas import Placed, place
from spineyolo.polygons import mask_from_polygon, signed_area

FILM = (1280, 512)


def placed() -> Placed:
    """A film at half its size on a canvas without margins."""
    return place(np.zeros(FILM, np.uint8), 640)


def output(*rows: tuple[float, float, float, float, dict[int, float]]) -> np.ndarray:
    """The network's output for boxes (x0, y0, x1, y1 canvas px) with scores by level; one mask coefficient is 1."""
    predictions = np.zeros((60, len(rows)), np.float32)
    for column, (x0, y0, x1, y1, scores) in enumerate(rows):
        predictions[:4, column] = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
        for level, score in scores.items():
            predictions[4 + level, column] = score
        predictions[28, column] = 1
    return predictions


def prototypes(logits: np.ndarray | None = None) -> np.ndarray:
    """The first prototype as given, 10 throughout if not; the others are 0."""
    found = np.zeros((32, 160, 64), np.float32)
    found[0] = 10 if logits is None else logits
    return found


def test_candidates__neighbours_of_different_levels_suppress_each_other() -> None:
    """By the sum of a candidate's scores; its whole vector stays."""
    one, other = (40, 40, 80, 80, {8: 0.4}), (42, 41, 82, 80, {8: 0.1, 9: 0.35})
    found = candidates(output(one, other), prototypes(), placed(), FILM)
    assert len(found) == 1
    assert found.level_scores[0, [8, 9]] == pytest.approx([0.1, 0.35])
    assert found.boxes[0] == pytest.approx([84, 82, 164, 160])


@pytest.mark.parametrize(("overlap", "left"), [(NMS_IOU - 0.02, 2), (NMS_IOU + 0.02, 1)])
def test_candidates__two_boxes_stay_up_to_the_overlap(overlap: float, left: int) -> None:
    shift = 100 * (1 - overlap) / (1 + overlap)  # IoU of two 100 px squares
    rows = [(0, 0, 100, 100, {0: 0.9}), (0, shift, 100, 100 + shift, {1: 0.8})]
    assert len(candidates(output(*rows), prototypes(), placed(), FILM)) == left


def test_candidates__best_first_weak_ones_left_out_and_not_too_many() -> None:
    rng = np.random.default_rng(0)
    rows = [
        (x, y, x + 10, y + 10, {0: float(rng.uniform(0, 0.5))}) for x in range(0, 240, 12) for y in range(0, 600, 12)
    ]
    rows.append((0, 610, 10, 620, {0: MIN_SCORE * 0.9}))
    found = candidates(output(*rows), prototypes(), placed(), FILM)
    best = sorted((row[4][0] for row in rows), reverse=True)
    assert len(found) == MAX_CANDIDATES
    assert found.scores == pytest.approx(best[:MAX_CANDIDATES])
    assert len(candidates(output(rows[-1]), prototypes(), placed(), FILM)) == 0


def test_candidates__outlines_are_what_whole_masks_give() -> None:
    """Upsampling a crop gives the same mask as upsampling all and cutting the box out."""
    y, x = np.mgrid[0:160, 0:64]
    logits = (8 - ((x - 20) / 6) ** 2 * 8 - ((y - 50) / 4) ** 2 * 8).astype(np.float32)
    box = (52, 180, 112, 224)
    found = candidates(output((*box, {3: 0.9})), prototypes(logits), placed(), FILM)
    whole = cv2.resize(logits, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    inside = 1 / (1 + np.exp(-whole.clip(-30, 30))) > MASK_LEVEL
    inside[: box[1]] = inside[box[3] :] = False
    inside[:, : box[0]] = inside[:, box[2] :] = False
    traced = mask_from_polygon(found.polygons[0] / 2, *inside.shape)
    assert (traced & inside).sum() / (traced | inside).sum() > 0.97


def test_candidates__outline_without_a_mask_is_the_box() -> None:
    found = candidates(output((40, 40, 80, 90, {3: 0.9})), prototypes(np.full((160, 64), -10.0)), placed(), FILM)
    assert abs(signed_area(found.polygons[0])) == pytest.approx(80 * 100)


def test_outlines__are_a_sequence_within_the_film() -> None:
    rows = [(10, 0, 60, 30, {3: 0.9}), (30, 600, 70, 660, {5: 0.8}), (200, 300, 270, 340, {7: 0.7})]
    polygons = candidates(output(*rows), prototypes(), placed(), FILM).polygons
    assert len(polygons) == 3 and len(polygons[:2]) == 2 and len(list(polygons)) == 3
    assert polygons[1] is polygons[1]
    for polygon in polygons:
        assert (polygon >= 0).all() and (polygon <= [512, 1280]).all()
    with pytest.raises(IndexError):
        polygons[3]
