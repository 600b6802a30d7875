import contextlib
import io

import numpy as np
import pytest

from spineyolo.anatomy import INDEX
from spineyolo.evaluate import bootstrap
from spineyolo.evaluate.coco import SpineEvaluator

IMAGE = {"file_name": "film.png", "height": 400, "width": 100}


def annotation(category: int, y0: float, score: float = 1.0) -> dict[str, object]:
    ring = [30.0, y0, 70.0, y0, 70.0, y0 + 20, 30.0, y0 + 20]
    box = [30.0, y0, 40.0, 20.0]
    return {"category_id": category, "segmentation": [ring], "bbox": box, "area": 800.0, "score": score}


@pytest.fixture(scope="module")
def films() -> list[tuple[list[dict[str, object]], list[dict[str, object]]]]:
    """Five films of some levels, each vertebra found a few times, off by some px and levels, all scores different."""
    rng = np.random.default_rng(0)
    made = []
    for levels in (("T10", "T11"), ("T11", "T12", "L1"), ("L1", "L2"), ("L5",), ("T12", "L1")):
        truths = [annotation(INDEX[level] + 1, 30.0 * row) for row, level in enumerate(levels)]
        found = [
            annotation(truth["category_id"] + rng.integers(-1, 2), truth["bbox"][1] + rng.normal(0, 3), rng.random())
            for truth in truths * 3
        ]
        made.append((truths, [{**f, "category_id": int(min(f["category_id"], 24))} for f in found]))
    return made


def evaluated(films: list[tuple[list[dict[str, object]], list[dict[str, object]]]]) -> SpineEvaluator:
    evaluator = SpineEvaluator()
    for truths, found in films:
        evaluator.update(IMAGE, truths, found)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator.accumulate()
    return evaluator


def test_film_counts__members_alone_are_drawn_as_many_as_there_are() -> None:
    members = np.array([True, False, True, True])
    counts = bootstrap.film_counts(members, resamples=50)
    assert counts.shape == (51, 4) and counts[0].tolist() == [1, 0, 1, 1]
    assert (counts.sum(axis=1) == 3).all() and (counts[:, 1] == 0).all()
    assert len(np.unique(counts, axis=0)) > 5
    assert (counts == bootstrap.film_counts(members, resamples=50)).all()


def test_share__of_what_was_drawn() -> None:
    counts = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0]])
    found = bootstrap.share(np.array([1.0, 0.0]), np.array([4.0, 0.0]), counts)
    assert found[:2].tolist() == [0.25, 0.25] and np.isnan(found[2])


def test_interval__leaves_out_what_is_not_known() -> None:
    assert bootstrap.interval(np.array([np.nan, *np.arange(101.0)])) == pytest.approx((2.5, 97.5))
    assert np.isnan(bootstrap.interval(np.array([np.nan]))).all()


@pytest.mark.parametrize("name", ["mask_numbered", "box_numbered", "mask_agnostic", "box_agnostic"])
def test_coco_curves__equal_cocoeval_on_the_films_drawn(films: list, name: str) -> None:
    counts = bootstrap.film_counts(np.ones(len(films), bool), resamples=6)
    curves = bootstrap.coco_curves(evaluated(films).results[name], counts)
    for row, drawn in enumerate(counts.astype(int)):
        again = evaluated([film for film, times in zip(films, drawn, strict=True) for _ in range(times)]).summarize()
        assert 0 < again[f"{name}_mAP50"] < 1
        assert np.nanmean(curves.precision[row]) == pytest.approx(again[f"{name}_mAP50-95"], abs=1e-9)
        assert np.nanmean(curves.precision[row, 0]) == pytest.approx(again[f"{name}_mAP50"], abs=1e-9)
        assert np.nanmean(curves.recall[row]) == pytest.approx(again[f"{name}_mAR"], abs=1e-9)


def test_average_precision__by_hand() -> None:
    scores, hits = np.array([0.5, 0.9, 0.7]), np.array([[True, True, False]])
    # Best first: right, wrong, right. Of two truths recall 0.5 is reached at precision 1, recall 1 at 2/3.
    assert bootstrap.average_precision(scores, hits, 2) == pytest.approx([(51 * 1 + 50 * 2 / 3) / 101])
    assert bootstrap.average_precision(scores[:0], hits[:, :0], 2).tolist() == [0]
