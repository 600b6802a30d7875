"""Errors as tables: a row a vertebra, a row a film, counts by group, the matrix of levels, figures by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from spineyolo.anatomy import INDEX, LEVELS, Region, region_of
from spineyolo.evaluate.covariates import Covariates
from spineyolo.evaluate.errors import ERRORS, OF_VERTEBRAE, Finding, Kind
from spineyolo.evaluate.report import FilmPair

NOT_FOUND: Final = "not found"
NOT_LABELLED: Final = "not labelled"


def finding_table(
    films: Sequence[FilmPair], findings: Sequence[Sequence[Finding]], known: Sequence[Covariates]
) -> pd.DataFrame:
    """Return a row a true vertebra or extra prediction, each film's in the order of `errors.find`.

    Columns: what `Finding` says, with `vertebra` telling the two apart; `named_right`; its film's `source`, `view`,
    `field`, `flawed`, `implant` and `cobb_deg`; `region`; and of true vertebrae `contrast`, `contrast_ratio` (to the
    median of its level in its source), `height_share` (of the film's height) and `from_end` (how many labelled ones
    lie between it and the nearer end of the column).
    """
    rows = []
    for film, found, about in zip(films, findings, known, strict=True):
        last = len(film.truths) - 1
        chain = sorted((f for f in found if f.is_vertebra), key=lambda f: INDEX[f.level])
        places = {finding.truth: place for place, finding in enumerate(chain)}
        for finding in found:
            row = {"film": film.stem, **_film_columns(about), **_finding_columns(finding, film)}
            if finding.truth is not None:
                place = places[finding.truth]
                row |= {
                    "contrast": about.contrast[finding.truth],
                    "height_share": about.height_px[finding.truth] / film.image["height"],
                    "from_end": min(place, last - place),
                }
            rows.append(row)
    table = pd.DataFrame(rows)
    usual = table.groupby(["source", "level"])["contrast"].transform("median")
    return table.assign(contrast_ratio=table["contrast"] / usual)


def _film_columns(about: Covariates) -> dict[str, Any]:
    origin = about.origin
    view = str(origin.view or "unknown")
    return {
        "source": origin.source or "unknown",
        "view": view,
        "field": about.field,
        "flawed": origin.flawed,
        "implant": about.implant,
        "cobb_deg": np.nan if about.cobb_deg is None else about.cobb_deg,
    }


def _finding_columns(finding: Finding, film: FilmPair) -> dict[str, Any]:
    score = np.nan if finding.prediction is None else film.predictions[finding.prediction]["score"]
    return {
        "vertebra": finding.is_vertebra,
        "level": finding.level,
        "region": str(region_of(finding.level)),
        "kind": str(finding.kind),
        "named": finding.named or "",
        "shift": np.nan if finding.shift is None else finding.shift,
        "named_right": finding.shift == 0,
        "iou": finding.iou,
        "score": score,
        "reason": str(finding.reason),
        "end": {None: "", True: "above", False: "below"}[finding.above],
    }


def film_table(table: pd.DataFrame, films: Sequence[FilmPair], known: Sequence[Covariates]) -> pd.DataFrame:
    """Return a row a film, worst first: most errors for its vertebrae, then least mean IoU, a missed one having 0.

    Columns: `film`, `source`, `view`, `field`, `flawed`, `implant`, `cobb_deg`; `contrast`, its vertebrae's median;
    `vertebrae`; `found` and `named_right`, shares of them; `iou`; `shift`, the one that all found vertebrae share (NaN
    where they differ); `beyond`, finds beyond an end of the labelled column; `margin` of its numbering in nats (NaN
    where the predictions have none); `errors`, and how many of each kind.
    """
    rows = []
    for film, about in zip(films, known, strict=True):
        part = table[table["film"] == film.stem]
        true = part[part["vertebra"]]
        shifts = true["shift"].dropna().unique()
        margins = [p["level_margin"] for p in film.predictions if "level_margin" in p]
        counts = {str(kind): int((part["kind"] == kind).sum()) for kind in ERRORS}
        rows.append(
            {
                "film": film.stem,
                **_film_columns(about),
                "contrast": true["contrast"].median(),
                "vertebrae": len(true),
                "found": float(true["shift"].notna().mean()),
                "named_right": float(true["named_right"].mean()),
                "iou": float(true["iou"].mean()),
                "shift": shifts[0] if len(shifts) == 1 else np.nan,
                "beyond": int((part["end"] != "").sum()),
                "margin": min(margins) if margins else np.nan,
                "errors": sum(counts.values()),
                **counts,
            }
        )
    result = pd.DataFrame(rows).assign(share=lambda t: t["errors"] / t["vertebrae"])
    return result.sort_values(["share", "iou"], ascending=[False, True]).drop(columns="share").reset_index(drop=True)


def counts_by(table: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return how many of each kind there are in each group (a column of `finding_table`), and how many vertebrae.

    Regions and levels are in anatomical order; an extra prediction counts at the level it was named.
    """
    counts = pd.crosstab(table[group], table["kind"]).reindex(columns=[str(kind) for kind in Kind], fill_value=0)
    counts.insert(0, "vertebrae", table[table["vertebra"]].groupby(group).size().reindex(counts.index, fill_value=0))
    known = [*Region, *LEVELS]
    order = sorted(counts.index, key=lambda name: (known.index(name) if name in known else -1, name))
    return counts.loc[order].rename_axis(group).reset_index()


def shift_counts(table: pd.DataFrame) -> dict[str, int]:
    """Return how many vertebrae are shifted by how many levels, `+1` being one too low."""
    shifts = table.loc[table["kind"] == Kind.SHIFTED, "shift"].astype(int).value_counts().sort_index()
    return {f"{shift:+d}": int(count) for shift, count in shifts.items()}


def level_matrix(table: pd.DataFrame) -> pd.DataFrame:
    """Return how often each true level (rows) was named what (columns), as counts.

    The last column counts vertebrae that were not found, the last row predictions where none is labelled. Levels
    that occur neither way are left out.
    """
    true = table["level"].where(table["vertebra"], NOT_LABELLED)
    named = table["named"].where(table["named"] != "", NOT_FOUND)
    seen = {*true, *named}
    levels = [level for level in LEVELS if level in seen]
    matrix = pd.crosstab(true, named).reindex(index=[*levels, NOT_LABELLED], columns=[*levels, NOT_FOUND], fill_value=0)
    return matrix.rename_axis(index="true", columns="named")


def by_level(table: pd.DataFrame, figures: Mapping[str, Any]) -> pd.DataFrame:
    """Return for each labelled level: vertebrae, share found, share named right, mask AP50 with levels, mean IoU.

    Args:
        table: of `finding_table`.
        figures: of `report.figures` for the same films.
    """
    true = table[table["vertebra"]]
    found = true[true["shift"].notna()]
    parts = true.assign(is_found=true["shift"].notna()).groupby("level")
    result = pd.DataFrame(
        {
            "vertebrae": parts.size(),
            "found": parts["is_found"].mean(),
            "named right": parts["named_right"].mean(),
            "IoU of found": found.groupby("level")["iou"].mean(),
        }
    )
    result = result.reindex([level for level in LEVELS if level in result.index])
    result["mask AP50, with levels"] = [figures[f"mask_AP50_{level}"] for level in result.index]
    return result.rename_axis("level").reset_index()


def error_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each level's vertebrae that each kind of error befell: a row a level, a column a kind."""
    true = table[table["vertebra"]]
    rates = pd.crosstab(true["level"], true["kind"], normalize="index")
    rates = rates.reindex(columns=[str(kind) for kind in OF_VERTEBRAE], fill_value=0.0)
    return rates.loc[[level for level in LEVELS if level in rates.index]]
