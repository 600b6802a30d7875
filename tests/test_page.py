import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from spineyolo import page
from spineyolo.errors import BadInputError


def annotation(image_id: int, level: str, y: float, dropped: bool = False) -> dict[str, Any]:
    return {"image_id": image_id, "level": level, "bbox": [1, y, 2, 2], "dropped": dropped}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    images = [
        {"id": 1, "file_name": "a film.png", "numbering": "sure"},
        {"id": 2, "file_name": "<b>&.dcm", "numbering": "uncertain, perhaps 6 lumbar, out of view"},
        {"id": 3, "file_name": "empty.png", "numbering": "uncertain"},
    ]
    annotations = [
        annotation(1, "T2", 50), annotation(1, "T1", 9), annotation(1, "C1", 1, dropped=True), annotation(2, "L5", 5),
    ]  # fmt: skip
    (tmp_path / "predictions.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    for name in ("a film", "<b>&", "empty"):
        (tmp_path / f"{name}_overlay.png").write_bytes(b"png")
    return tmp_path


class Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if (tag, name) == ("img", "src")]


def texts_of(path: Path) -> Texts:
    parsed = Texts()
    parsed.feed(path.read_text())
    return parsed


def test_write__says_who_is_on_each_film_and_how_surely(run: Path) -> None:
    parsed = texts_of(page.write(run))
    films = ["a film.png", "<b>&.dcm", "empty.png"]
    starts = [parsed.texts.index(name) for name in films]
    assert [parsed.texts[start + 1] for start in starts] == [
        "2 of 24 vertebrae: T1 to T2", "1 of 24 vertebrae: L5", "no vertebra found",
    ]  # fmt: skip
    assert parsed.texts[starts[1] + 2] == "numbering uncertain, perhaps 6 lumbar, out of view"
    assert any("Not a medical device" in text for text in parsed.texts)
    assert [(run / unquote(link)).exists() for link in parsed.links] == [True] * 3


def test_write__shows_the_figures(run: Path) -> None:
    names = ("detection", "identification", "films_all_right", "dice", "mask_agnostic_mAP50", "mask_numbered_mAP50")
    figures = {"films": 3, "vertebrae": 5, **dict.fromkeys(names, 0.25), "dice": None}
    (run / "e.json").write_text(json.dumps({"results": {"all": figures}}))
    texts = texts_of(page.write(run, run / "e.json")).texts
    assert texts[texts.index("vertebrae on them") + 1] == "5"
    assert texts[texts.index("vertebrae found and named right") + 1] == "0.250"
    assert texts[texts.index("Dice of found vertebrae") + 1] == "-"


def test_write__missing_overlay_is_named(run: Path) -> None:
    (run / "empty_overlay.png").unlink()
    with pytest.raises(BadInputError, match=r"overlay of empty\.png"):
        page.write(run)
    assert not (run / "index.html").exists()


@pytest.mark.parametrize("content", ['{"images": [{}], "annotations": []}', "[]", '{"images": 1, "annotations": []}'])
def test_write__predictions_that_are_none(run: Path, content: str) -> None:
    (run / "predictions.json").write_text(content)
    with pytest.raises(BadInputError, match=r"predictions\.json: expected predictions"):
        page.write(run)


@pytest.mark.parametrize("content", ['{"results": {}}', '{"results": {"all": {"films": 1}}}'])
def test_write__evaluation_that_is_none(run: Path, content: str) -> None:
    (run / "e.json").write_text(content)
    with pytest.raises(BadInputError, match=r"e\.json: expected"):
        page.write(run, run / "e.json")
