from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from columns import SOURCE, column

from spineyolo.checks import Finding, check, label_doubts
from spineyolo.dataset import build
from spineyolo.film import Film, Vertebra
from spineyolo.formats import coco
from spineyolo.formats.aasce import AASCE_LEVELS


def clean() -> list[Vertebra]:
    return list(column(Path("x.png")).vertebrae)


def kinds(vertebrae: list[Vertebra]) -> set[str]:
    return {kind for kind, _ in label_doubts(vertebrae)}


def moved(vertebra: Vertebra, rise: float) -> Vertebra:
    return replace(vertebra, polygon=vertebra.polygon + np.array([0, rise], np.float32))


def of_height(vertebra: Vertebra, share: float) -> Vertebra:
    centre = vertebra.polygon.mean(axis=0)
    return replace(vertebra, polygon=(vertebra.polygon - centre) * np.array([1, share], np.float32) + centre)


def test_label_doubts__clean_column_has_none() -> None:
    assert kinds(clean()) == set()


def test_label_doubts__tilted_column_has_none() -> None:
    turn = np.array([[0.87, 0.5], [-0.5, 0.87]], np.float32)
    assert kinds([replace(vertebra, polygon=vertebra.polygon @ turn) for vertebra in clean()]) == set()


def test_label_doubts__last_level_on_top_of_the_column() -> None:
    vertebrae = clean()
    vertebrae[-1] = moved(vertebrae[-1], -17 * 40)
    assert ("order", "L5 above L4") in list(label_doubts(vertebrae))


@pytest.mark.parametrize(("share", "expected"), [(0.4, {"height"}), (0.6, set()), (1.2, set()), (1.8, {"height"})])
def test_label_doubts__height(share: float, expected: set[str]) -> None:
    vertebrae = clean()
    vertebrae[6] = of_height(vertebrae[6], share)
    assert kinds(vertebrae) == expected


@pytest.mark.parametrize(("gap", "expected"), [(-20, {"spacing"}), (-12, set()), (20, set()), (30, {"spacing"})])
def test_label_doubts__spacing(gap: float, expected: set[str]) -> None:
    vertebrae = clean()
    vertebrae[8:] = [moved(vertebra, gap) for vertebra in vertebrae[8:]]
    assert kinds(vertebrae) == expected


def test_label_doubts__crossed_sides() -> None:
    vertebrae = clean()
    vertebrae[6] = replace(vertebrae[6], polygon=vertebrae[6].polygon[[0, 2, 1, 3]])
    assert ("crossing", f"outline of {vertebrae[6].level}") in list(label_doubts(vertebrae))


def test_label_doubts__part_view_of_four_is_not_judged_by_jumps() -> None:
    vertebrae = clean()[:4]
    vertebrae[1] = of_height(vertebrae[1], 0.3)
    assert kinds(vertebrae) == set()


def blobs(seed: int) -> np.ndarray:
    """A film that looks unlike any other seed's."""
    rough = np.random.default_rng(seed).integers(0, 255, (30, 10), np.uint8)
    return cv2.resize(rough, (300, 900), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def spine(tmp_path: Path) -> Path:
    """Six films: one with L5 on top, one with outlines off the film, and a copy of one in the test split."""
    folder = tmp_path / "source" / "train"
    films: list[Film] = []
    folder.mkdir(parents=True)
    for number in range(5):
        path = folder / f"{number} AP.png"
        cv2.imwrite(str(path), blobs(number))
        films.append(column(path))
    turned = (*films[1].vertebrae[:-1], moved(films[1].vertebrae[-1], -17 * 40))
    films[1] = replace(films[1], vertebrae=turned)
    left = np.array([-125, 0], np.float32)  # 5 px of each outline beyond the film's edge
    films[2] = replace(films[2], vertebrae=tuple(replace(v, polygon=v.polygon + left) for v in films[2].vertebrae))
    coco.write(films, folder / "annotations.json")
    held = tmp_path / "source" / "test"
    held.mkdir()
    cv2.imwrite(str(held / "copy.png"), np.clip(blobs(4) * 0.95, 0, 255).astype(np.uint8))
    coco.write([column(held / "copy.png")], held / "annotations.json")
    source = replace(SOURCE, options={"annotations": "*/annotations.json"})
    report = build([(source, tmp_path / "source")], tmp_path / "spine", seed=0, workers=1)
    assert not report.skipped.errors
    return tmp_path / "spine"


def found(findings: list[Finding], kind: str) -> list[Finding]:
    return [finding for finding in findings if finding.kind == kind]


def test_check__names_the_film_and_the_reason(spine: Path) -> None:
    findings = check(spine)
    assert [(finding.original, finding.detail) for finding in found(findings, "order")] == [("1 AP.png", "L5 above L4")]
    assert {(finding.original, finding.detail) for finding in found(findings, "off film")} == {
        ("2 AP.png", f"outline of {level}") for level in AASCE_LEVELS
    }
    table = pd.read_csv(spine / "checks.csv")
    assert list(table.columns) == ["film", "source", "original", "split", "kind", "detail"]
    assert len(table) == len(findings)


def test_check__copy_in_another_split(spine: Path) -> None:
    pairs = found(check(spine), "duplicate")
    assert len(pairs) == 1
    assert {pairs[0].film, pairs[0].detail.split()[2]} == {"made_4_AP", "made_copy"}


def test_check__suggested_flaws_name_wrong_labels_only(spine: Path) -> None:
    check(spine)
    flaws = yaml.safe_load((spine / "flaws" / "made.flaws.yaml").read_text())
    assert list(flaws) == ["1 AP.png"] and "order: L5 above L4" in flaws["1 AP.png"]


def test_check__contact_sheet_shows_the_doubtful_films(spine: Path) -> None:
    check(spine)
    sheet = cv2.imread(str(spine / "checks.png"))
    doubtful = pd.read_csv(spine / "checks.csv")["film"].nunique()
    assert sheet.shape[0] == 700 and sheet.shape[1] == doubtful * round(700 * 300 / 900)
    assert (sheet.max(axis=2) - sheet.min(axis=2)).max() > 100  # coloured outlines on grey films


def test_check__nothing_found_leaves_no_earlier_suggestions(spine: Path) -> None:
    check(spine)
    manifest = pd.read_csv(spine / "manifest.csv", keep_default_na=False)
    manifest[manifest["original"] == "3 AP.png"].to_csv(spine / "manifest.csv", index=False)
    assert check(spine) == []
    assert not (spine / "checks.png").exists() and not list((spine / "flaws").iterdir())
