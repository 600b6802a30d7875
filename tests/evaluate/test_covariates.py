import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_errors import BODY_PX, HEIGHT, PITCH_PX, TOP_PX, WIDTH, film, grey_film

from spineyolo.anatomy import LEVELS, View
from spineyolo.errors import BadInputError
from spineyolo.evaluate import covariates as known
from spineyolo.evaluate.covariates import Origin

AP = Origin("made", View.AP, False, LEVELS)
COLUMN = ("T4", "T5", "T6", "T7", "T8", "T9")


def rings(count: int = 3) -> list[np.ndarray]:
    tops = [TOP_PX + PITCH_PX * place for place in range(count)]
    return [np.float32([[70, y], [130, y], [130, y + BODY_PX], [70, y + BODY_PX]]) for y in tops]


def test_contrast_to_noise__is_the_step_over_the_noise() -> None:
    grey = grey_film(body_grey=160, around_grey=100, noise=12.0)
    assert known.contrast_to_noise(grey, rings(), 1) == pytest.approx(60 / 12, rel=0.1)


def test_contrast_to_noise__darker_than_around_counts_the_same() -> None:
    grey = grey_film(body_grey=40, around_grey=100, noise=12.0)
    assert known.contrast_to_noise(grey, rings(), 1) == pytest.approx(60 / 12, rel=0.1)


def test_contrast_to_noise__neighbours_are_not_its_surroundings() -> None:
    touching = rings()
    touching[2] = touching[1] + np.float32([0, BODY_PX])
    grey = grey_film(noise=0)
    grey[int(touching[2][0, 1]) : int(touching[2][2, 1]), 70:130] = 160
    assert known.contrast_to_noise(grey, touching, 1) == pytest.approx(60 / 1)  # noise counts as one grey step at least


def test_contrast_to_noise__off_the_film() -> None:
    away = [ring + np.float32([0, 2000]) for ring in rings()]
    assert np.isnan(known.contrast_to_noise(grey_film(), away, 0))


@pytest.mark.parametrize(
    ("levels", "field"),
    [
        (LEVELS[7:], "whole spine"),
        (LEVELS[:9], "cervical"),
        (LEVELS[17:], "lumbar"),
        (LEVELS[14:22], "thoracic and lumbar"),
        (("L5",), "lumbar"),
    ],
)
def test_field_of__by_regions_shown(levels: tuple[str, ...], field: str) -> None:
    assert known.field_of(levels) == field


def tilted(degrees: float) -> list[list[float]]:
    """Six vertebrae, the third of which is tilted and the others level."""
    outlines = rings(6)
    turn = np.radians(degrees)
    middle = outlines[2].mean(axis=0)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    outlines[2] = ((outlines[2] - middle) @ rotation.T + middle).astype(np.float32)
    return [ring.ravel().tolist() for ring in outlines]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "film.png"), grey_film(count=6))
    return tmp_path


@pytest.mark.parametrize("degrees", [0.0, 12.0, -25.0])
def test_covariates__cobb_angle_of_the_true_corners(images: Path, degrees: float) -> None:
    pair = film(COLUMN, [])
    for truth, ring in zip(pair.truths, tilted(degrees), strict=True):
        truth["segmentation"] = [ring]
    assert known.covariates(pair, AP, images).cobb_deg == pytest.approx(abs(degrees), abs=0.05)


@pytest.mark.parametrize("origin", [Origin("made", View.LATERAL, False, LEVELS), Origin("made", View.AP, True, LEVELS)])
def test_covariates__no_cobb_angle_of_laterals_and_flawed_labels(images: Path, origin: Origin) -> None:
    assert known.covariates(film(COLUMN, []), origin, images).cobb_deg is None


def test_covariates__metal_on_one_vertebra_is_an_implant(images: Path) -> None:
    assert not known.covariates(film(COLUMN, []), AP, images).implant
    grey = grey_film(count=6)
    grey[TOP_PX + PITCH_PX : TOP_PX + PITCH_PX + BODY_PX, 90:100] = 255
    cv2.imwrite(str(images / "film.png"), grey)
    about = known.covariates(film(COLUMN, []), AP, images)
    assert about.implant and about.height_px == (BODY_PX,) * 6


@pytest.mark.parametrize(("hardware", "implant"), [("none", False), ("rods", True)])
def test_covariates__rendered_film_s_record_tells_of_implants(images: Path, hardware: str, implant: bool) -> None:
    (images / "film.truth.json").write_text(json.dumps({"spec": {"hardware": hardware}}))
    assert known.covariates(film(COLUMN, []), AP, images).implant is implant


def test_covariates__record_that_is_none(images: Path) -> None:
    (images / "film.truth.json").write_text("[]")
    with pytest.raises(BadInputError, match=r"a truth record of tools/render\.py phantom"):
        known.covariates(film(COLUMN, []), AP, images)


def test_covariates__film_of_other_size(images: Path) -> None:
    cv2.imwrite(str(images / "film.png"), grey_film()[:400])
    with pytest.raises(BadInputError, match=f"{WIDTH} × {HEIGHT} px, as the truth says, found 200 × 400 px"):
        known.covariates(film(COLUMN, []), AP, images)


def test_origins__from_the_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("film,source,view,flaw\nfilm,aasce2019,AP,order: L5 above L4\n")
    (origin,) = known.origins([film(COLUMN, [])], manifest)
    assert (origin.source, origin.view, origin.flawed) == ("aasce2019", View.AP, True)
    assert origin.labelled == LEVELS[7:]  # its YAML: T1-L5


def test_origins__without_manifest_the_image_says_its_view(tmp_path: Path) -> None:
    pair = film(COLUMN, [])
    pair.image["view"] = "lateral"
    (origin,) = known.origins([pair], tmp_path / "none.csv")
    assert origin.view is View.LATERAL and origin.labelled == LEVELS


def test_origins__film_that_the_manifest_lacks(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("film,source,view,flaw\nother,aasce2019,AP,\n")
    with pytest.raises(BadInputError, match="1 missing, first film"):
        known.origins([film(COLUMN, [])], manifest)


def test_origins__manifest_without_columns(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("film,source\nfilm,aasce2019\n")
    with pytest.raises(BadInputError, match="columns film, source, view and flaw"):
        known.origins([film(COLUMN, [])], manifest)
