import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from measure.drawn import body

from spineyolo.anatomy import CATEGORY_ID, View
from spineyolo.errors import BadInputError
from spineyolo.formats.aasce import AASCE_LEVELS
from spineyolo.measure import aasce_truth, benchmark, cobb, phantom_truth
from spineyolo.sources import Source

SOURCE = Source("aasce2019", "", "", "", "", View.AP, "aasce", AASCE_LEVELS, "")
SIZE = (600, 1200)


def column(swing: float) -> np.ndarray:
    """Corners `(17, 4, 2)` of a C curve."""
    tilts = np.linspace(-swing / 2, swing / 2, 17)
    steps = 58 * np.stack([-np.sin(np.radians(tilts)), np.cos(np.radians(tilts))], axis=1)
    centres = np.array([250.0, 80.0]) + np.cumsum(steps, axis=0) - steps
    return np.stack([body(tuple(centre), 80, 42, tilt) for centre, tilt in zip(centres, tilts, strict=True)])


@pytest.fixture
def aasce(tmp_path: Path) -> Path:
    """AASCE's folders with two films of training and one of test, their angles those of their corners."""
    for folder, swings in (("training", (20, 50)), ("test", (30,))):
        labels, data = tmp_path / "labels" / folder, tmp_path / "data" / folder
        labels.mkdir(parents=True)
        data.mkdir(parents=True)
        names = [f"{folder}{swing}.png" for swing in swings]
        rows, angles = [], []
        for name, swing in zip(names, swings, strict=True):
            cv2.imwrite(str(data / name), np.zeros(SIZE[::-1], np.uint8))
            ring = column(swing)
            angles.append(cobb.aasce_angles(ring, SIZE[1]))
            points = ring[:, [0, 1, 3, 2]].reshape(-1, 2) / SIZE
            rows.append(np.concatenate([points[:, 0], points[:, 1]]))
        (labels / "filenames.csv").write_text("\n".join(names))
        pd.DataFrame(rows).to_csv(labels / "landmarks.csv", header=False, index=False)
        pd.DataFrame(angles).to_csv(labels / "angles.csv", header=False, index=False)
    return tmp_path


def document(path: Path, films: dict[str, np.ndarray], predicted: bool) -> Path:
    """A COCO document of films' columns."""
    extra = {"dropped": False, "score": 0.9} if predicted else {}
    annotations = [
        {"image_id": i, "category_id": CATEGORY_ID[level], "segmentation": [ring.ravel().tolist()], **extra}
        for i, rings in enumerate(films.values())
        for level, ring in zip(AASCE_LEVELS, rings, strict=True)
    ]
    images = [{"id": i, "file_name": f"{name}.png", "width": 600, "height": 1200} for i, name in enumerate(films)]
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    return path


def manifest(folder: Path) -> Path:
    path = folder / "manifest.csv"
    rows = [("a20", "training20.png", ""), ("a50", "training50.png", "order")]
    pd.DataFrame(rows, columns=["film", "original", "flaw"]).assign(source="aasce2019").to_csv(path, index=False)
    return path


def test_corner_errors__own_corners_give_own_angles(aasce):
    assert aasce_truth.corner_errors(aasce, SOURCE).max() < 0.01
    assert "100.0 %" in benchmark.aasce_section(aasce, SOURCE)


def test_compare__predicted_films_beside_published_angles(aasce):
    found = document(aasce / "p.json", {"a20": column(24), "a50": column(50)}, True)
    table = aasce_truth.compare(aasce, found, manifest(aasce))
    assert table.flaw.tolist() == ["", "order"]
    assert table.m1.to_numpy() == pytest.approx([24, 50], rel=0.06)  # smoothing leans on the chords
    assert table.t1.to_numpy() == pytest.approx([20, 50], abs=0.01)
    assert aasce_truth.figures(table)["films"] == "2"


def test_compare__unknown_film(aasce):
    with pytest.raises(BadInputError, match="a row for other"):
        aasce_truth.compare(aasce, document(aasce / "p.json", {"other": column(9)}, True), manifest(aasce))


def test_corner_noise__of_shifted_corners(aasce):
    noise = np.random.default_rng(0).normal(0, 4.2, (17, 4, 2))
    true = aasce_truth.true_corners(document(aasce / "t.json", {"a20": column(20)}, False), {"a20"})
    predicted = document(aasce / "p.json", {"a20": column(20) + noise}, True)
    found = aasce_truth.corner_noise(aasce_truth.predicted_columns(predicted), true)
    assert found["bodies"] == 17
    assert found["coordinate sd"] == pytest.approx(0.1, rel=0.25)


def test_predicted_columns__not_predictions(tmp_path):
    (tmp_path / "p.json").write_text('{"images": []}')
    with pytest.raises(BadInputError, match=r"predictions\.json"):
        aasce_truth.predicted_columns(tmp_path / "p.json")


def test_run__phantom_from_true_masks():
    table = phantom_truth.run([7])
    heights = table[table.measure == "disc_height_middle"]
    assert len(heights) > 3
    assert (heights.measured - heights.true).abs().max() < 2.5
    section = benchmark.phantom_section(pd.concat([table] * 2), "x.png", "true")
    assert "| disc_height_middle |" in section and "| slip |" in section
    assert len(benchmark.plots(table)) > 1000


def test_write_section__replaces_its_own_only(tmp_path):
    path = tmp_path / "measure.md"
    benchmark.write_section(path, "## one\n\nfirst\n", "make one")
    benchmark.write_section(path, "## two\n\nsecond\n", "make two")
    benchmark.write_section(path, "## one\n\nthird\n", "make one")
    text = path.read_text()
    assert "first" not in text and text.count("## one") == text.count("## two") == 1
    assert text.startswith("# measure\n") and "`make two`" in text and "third" in text
