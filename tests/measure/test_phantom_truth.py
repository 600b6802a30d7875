"""Phantoms measured from outlines that a detector finds: paired by overlap, whatever they are called."""

import numpy as np
import numpy.typing as npt
import pytest

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.detect import Detections
from spineyolo.film import Vertebra
from spineyolo.measure import phantom_truth
from spineyolo.polygons import bounding_box

NAMED = ("T12", "L1", "L2", "L3", "L4")


def vertebrae() -> dict[str, Vertebra]:
    """Bodies 60 x 40 px, one below the other, 50 px apart."""
    ring = np.array([[100, 100], [160, 100], [160, 140], [100, 140]], np.float32)
    return {level: Vertebra(level, ring + np.float32([0, 50 * row])) for row, level in enumerate(NAMED)}


class Finds:
    """A detector that finds these vertebrae, each looking like the level so many below its own."""

    def __init__(self, found: list[Vertebra], shift: int) -> None:
        self.found, self.shift = found, shift

    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        scores = np.full((len(self.found), len(LEVELS)), 0.001, np.float32)
        for row, item in enumerate(self.found):
            scores[row, INDEX[str(item.level)] + self.shift] = 0.9
        boxes = np.array([bounding_box(item.polygon) for item in self.found], np.float32).reshape(-1, 4)
        return Detections(boxes, scores, tuple(item.polygon for item in self.found))


@pytest.mark.parametrize("shift", [0, -1])
def test_found_outlines__paired_by_overlap_and_not_by_name(shift: int) -> None:
    named = vertebrae()
    found = phantom_truth.found_outlines(Finds(list(named.values()), shift), np.zeros((450, 300), np.uint8), named)
    assert set(found) == set(NAMED)
    assert all(np.allclose(found[level], item.polygon) for level, item in named.items())


def test_found_outlines__a_missed_one_is_missing() -> None:
    named = vertebrae()
    seen = [item for level, item in named.items() if level != "L2"]
    found = phantom_truth.found_outlines(Finds(seen, 0), np.zeros((450, 300), np.uint8), named)
    assert set(found) == set(NAMED) - {"L2"}


def test_found_outlines__one_that_lies_elsewhere_is_none() -> None:
    named = vertebrae()
    beside = [Vertebra(item.level, item.polygon + np.float32([35, 0])) for item in named.values()]
    assert phantom_truth.found_outlines(Finds(beside, 0), np.zeros((450, 300), np.uint8), named) == {}


def test_run__what_is_not_found_is_counted() -> None:
    table = phantom_truth.run([7], Finds([], 0))
    bodies = table[table["measure"] == "body"]
    assert len(bodies) > 4 and table["measured"].isna().all()
