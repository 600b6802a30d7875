"""What errors may come from: the hypotheses, and what each is tested on."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from spineyolo.anatomy import INDEX, LEVELS, View
from spineyolo.evaluate.covariates import WHOLE_SPINE
from spineyolo.evaluate.errors import Kind, Reason
from spineyolo.evaluate.hypothesis import Hypothesis
from spineyolo.evaluate.resampling import Sample, correlation, difference, share

SHOULDER: Final = LEVELS[INDEX["C7"] : INDEX["T4"] + 1]
"""What the shoulders lie over on a lateral film; swimmer's views are taken to see C7 to T3 past them."""

ENDS: Final = 2
"""Vertebrae at either end of a labelled column that count as its ends."""


def _true(findings: pd.DataFrame) -> pd.DataFrame:
    return findings[findings["vertebra"].to_numpy(np.bool_)]


def _unfound(rows: pd.DataFrame) -> pd.Series:
    return rows["shift"].isna()


def _contrast(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    rows = _true(findings).dropna(subset=["contrast_ratio"])
    return difference(rows, _unfound(rows), rows["contrast_ratio"], ("vertebrae not found", "vertebrae found"))


def _whole_film(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    shifted = films[(films["found"] > 0) & (films["named_right"] < films["found"])]
    return share(shifted, shifted["shift"].notna(), "films with a wrong level")


def _ends(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    rows = _true(findings)
    return difference(rows, rows["from_end"] < ENDS, _unfound(rows), ("vertebrae at the ends", "vertebrae between"))


def _shoulder(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    rows = _true(findings)
    rows = rows[(rows["view"] == View.LATERAL) & (rows["field"] == WHOLE_SPINE)]
    behind = rows["level"].isin(SHOULDER)
    return difference(rows, behind, _unfound(rows), ("C7 to T4", "other levels"))


def _implants(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    rows = _true(findings)
    names = ("vertebrae on films with an implant", "vertebrae on others")
    return difference(rows, rows["implant"], _unfound(rows), names)


def _part_views(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    rows = _true(findings)
    names = ("vertebrae on part views", "vertebrae on whole spines")
    return difference(rows, rows["field"] != WHOLE_SPINE, rows["named_right"], names)


def _jumps(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    rows = _true(findings)
    found = rows[rows["shift"].notna()].assign(index=lambda part: part["level"].map(INDEX))
    found = found.sort_values(["film", "index"], kind="stable")
    below = found.groupby("film")[["index", "shift"]].shift(-1)
    pairs = found.assign(gap=below["index"] - found["index"] > 1, jump=below["shift"] != found["shift"])
    pairs = pairs[below["shift"].notna()]
    return difference(pairs, pairs["gap"], pairs["jump"], ("neighbours with one missed between", "other neighbours"))


def _flawed(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    rows = _true(findings)
    names = ("vertebrae on films with flawed labels", "vertebrae on others")
    return difference(rows, rows["flawed"], rows["named_right"], names)


def _beyond(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    shifted = films["named_right"] < films["found"]
    names = ("films with a find beyond the labelled column", "films without")
    return difference(films, films["beyond"] > 0, shifted, names)


def _seen(findings: pd.DataFrame, films: pd.DataFrame) -> Sample:
    missed = findings[findings["kind"] == Kind.MISSED]
    return share(missed, missed["reason"] != Reason.UNSEEN, "missed vertebrae")


HYPOTHESES: Final = (
    Hypothesis(
        "curvature",
        "The more curved a spine, the fewer of its vertebrae carry the right name.",
        "rank correlation of the largest Cobb angle and the share named right, AP films with sound labels",
        0.0,
        -1,
        lambda findings, films: correlation(films, "cobb_deg", "named_right"),
        "Curved spines are named worse; more of them belong into training.",
        "Curved spines are not named worse, rather better.",
    ),
    Hypothesis(
        "contrast",
        "Vertebrae are missed where they stand out little.",
        "mean contrast of vertebrae not found, less that of those found, in medians of the same level and source",
        0.0,
        -1,
        _contrast,
        "What is missed stands out less than usual; windowing or contrast augmentation should help.",
        "What is missed stands out more than usual; contrast is not the reason.",
    ),
    Hypothesis(
        "whole film",
        "A wrong level is seldom alone: the whole column is shifted.",
        "of films with a wrong level, the share on which all found vertebrae share one shift",
        0.5,
        1,
        _whole_film,
        "Most such films are shifted as a whole: one anchored level, or one right count, would mend them.",
        "Most such films are not shifted as a whole; the column breaks somewhere.",
    ),
    Hypothesis(
        "ends",
        f"Missed vertebrae are among the {ENDS} at either end of the column.",
        "share not found at the ends, less that between them",
        0.0,
        1,
        _ends,
        "The ends of the column are missed more often.",
        "The ends of the column are missed less often.",
    ),
    Hypothesis(
        "shoulder",
        "On whole-spine laterals the vertebrae behind the shoulders (C7 to T4) are missed.",
        "share not found of C7 to T4, less that of other levels, whole-spine laterals",
        0.0,
        1,
        _shoulder,
        "The shoulders hide them; more laterals, or rendered ones with heavy shoulders, belong into training.",
        "C7 to T4 are missed less often than other levels.",
    ),
    Hypothesis(
        "implants",
        "Vertebrae are missed on films with implants.",
        "share not found on films with an implant, less that on others",
        0.0,
        1,
        _implants,
        "Metal hides vertebrae; films after surgery belong into training.",
        "Vertebrae are missed less often on films with implants.",
    ),
    Hypothesis(
        "part views",
        "Without the whole spine in view, counting fails: part views are named worse.",
        "share named right on part views, less that on whole spines",
        0.0,
        -1,
        _part_views,
        "Part views are named worse; they need landmarks or an anchor.",
        "Part views are named better; their own landmarks (skull base, last ribs, sacrum) carry.",
    ),
    Hypothesis(
        "jumps",
        "Names jump where a vertebra was missed: spacing did not make up for it.",
        "share of neighbours found whose shifts differ, with a missed one between them less without",
        0.0,
        1,
        _jumps,
        "A missed vertebra breaks the count; each one found would mend what follows.",
        "A missed vertebra does not break the count.",
    ),
    Hypothesis(
        "flawed labels",
        "Films whose labels are known to be flawed are named worse.",
        "share named right on films with flawed labels, less that on others",
        0.0,
        -1,
        _flawed,
        "Part of the errors are the labels'.",
        "Films with flawed labels are named better than others.",
    ),
    Hypothesis(
        "column ends",
        "A film is shifted where the column found goes on beyond the labelled one: they begin or end elsewhere.",
        "share of films with a wrong level, with a find beyond the labelled column less without",
        0.0,
        1,
        _beyond,
        "Shift and surplus go together: label and model begin or end elsewhere, and either may be wrong.",
        "Films with a find beyond the labelled column are shifted less often.",
    ),
    Hypothesis(
        "margin",
        "Numbering knows when it is unsure: a small margin means wrong names.",
        "rank correlation of a film's margin and the share named right",
        0.0,
        1,
        lambda findings, films: correlation(films, "margin", "named_right"),
        "The margin orders films by how far they can be trusted.",
        "The margin misleads.",
    ),
    Hypothesis(
        "seen but lost",
        "What is missed was seen: a candidate is there, too weak, set aside or outlined too badly.",
        "of missed vertebrae, the share with such a candidate",
        0.5,
        1,
        _seen,
        "Most missed vertebrae have a candidate; better scores and masks matter more than more candidates.",
        "Most missed vertebrae have no candidate at all; the detector does not see them.",
    ),
    Hypothesis(
        "size",
        "Small vertebrae are outlined worse.",
        "rank correlation of a found vertebra's height, as a share of the film's, and its mask's IoU",
        0.0,
        1,
        lambda findings, films: correlation(_true(findings)[_true(findings)["iou"] > 0], "height_share", "iou"),
        "Small vertebrae have worse masks; larger input, or cutting the film to the column first, should help.",
        "Small vertebrae have no worse masks.",
    ),
)
