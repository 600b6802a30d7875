from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formats.made import HEIGHT, WIDTH, levels, make_image, read
from PIL import Image

from spineyolo.polygons import mask_from_polygon


def block(value: int = 255) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[100:150, 100:200] = value
    return mask


def save(path: Path, mask: np.ndarray, mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).convert(mode).save(path)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "1"])
def test_read__binary_mask_of_any_mode(tmp_path: Path, mode: str) -> None:
    make_image(tmp_path / "images" / "film.png")
    save(tmp_path / "masks" / "film" / "L1.png", block(), mode)
    films, said = read("masks", tmp_path, kind="binary")
    assert not said and levels(films[0]) == ["L1"]
    assert (mask_from_polygon(films[0].vertebrae[0].polygon, HEIGHT, WIDTH) == (block() > 0)).mean() > 0.999


def test_read__binary_mask_of_no_level_is_noted_and_the_rest_goes_through(tmp_path: Path) -> None:
    make_image(tmp_path / "images" / "film.png")
    save(tmp_path / "masks" / "film" / "L1.png", block())
    save(tmp_path / "masks" / "film" / "sacrum.png", block())
    films, said = read("masks", tmp_path, kind="binary")
    assert levels(films[0]) == ["L1"]
    assert len(said) == 1 and "sacrum" in said[0]


def test_read__id_without_level_is_noted_and_the_rest_goes_through(tmp_path: Path) -> None:
    make_image(tmp_path / "images" / "film.png")
    ids = block(20)
    ids[300:320, 100:200] = 26
    save(tmp_path / "masks" / "film.png", ids)
    films, said = read("masks", tmp_path, kind="levels", labels={"20": "L1"})
    assert levels(films[0]) == ["L1"]
    assert len(said) == 1 and "26" in said[0]


def test_read__missing_broken_and_orphaned_masks_are_noted(tmp_path: Path) -> None:
    for name in ("film", "unmasked", "cut"):
        make_image(tmp_path / "images" / f"{name}.png")
    for name in ("film", "orphan", "cut"):
        save(tmp_path / "masks" / f"{name}.png", block(20))
    whole = (tmp_path / "masks" / "cut.png").read_bytes()
    (tmp_path / "masks" / "cut.png").write_bytes(whole[: len(whole) // 2])
    films, said = read("masks", tmp_path, labels={20: "L1"})
    assert [film.path.name for film in films] == ["film.png"]
    assert len(said) == 3
    assert "cut.png" in said[0] and "unmasked.png" in said[1] and "orphan.png" in said[2]


@pytest.mark.parametrize("options", [{"kind": "binry"}, {"labels": {"twenty": "L1"}}, {"labels": ["L1"]}], ids=str)
def test_read__options_must_make_sense(tmp_path: Path, options: dict[str, Any]) -> None:
    make_image(tmp_path / "images" / "film.png")
    save(tmp_path / "masks" / "film.png", block(20))
    films, said = read("masks", tmp_path, **options)
    assert not films
    assert len(said) == 1 and "option" in said[0]
