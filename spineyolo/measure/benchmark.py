"""`benchmarks/measure.md`: measures against truth, a section a kind of truth, each with the command that made it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from spineyolo.detect import Detector
from spineyolo.errors import BadInputError
from spineyolo.evaluate.report import commit
from spineyolo.files import write_atomic
from spineyolo.measure import aasce_truth, agreement, phantom_truth
from spineyolo.sources import Source

# Measure, its unit, and the true values that part its grades, with whose grades they are.
_GRADES: Final = {
    "slip": ("%", (5.0, 10.0, 25.0), "Meyerding I ends at 25 %"),
    "disc height loss": ("%", (1.0, 33.3, 66.7), "Wilke 1, 2, 3"),
    "wedge fracture": ("%", (20.0, 25.0, 40.0), "Genant mild, moderate, severe"),
    "biconcave fracture": ("%", (20.0, 25.0, 40.0), "Genant mild, moderate, severe"),
    "cobb_main": ("deg", (10.0, 25.0, 40.0), "AASCE's classes; 10° is scoliosis"),
    "sclerosis": ("mm", (0.1, 2.0, 5.0), "drawn density times thickness; the index itself is a ratio"),
}
_UNITS: Final = {
    "disc_height_middle": "px",
    "disc_farfan_index": "%",
    "disc_wedge": "deg",
    "disc_against_neighbours": "%",
    "anterior_to_posterior": "%",
    "posterior_to_neighbours": "%",
    "slip": "%",
    "disc height loss": "%",
    "cobb_main": "deg",
}


def aasce_section(root: Path, source: Source) -> str:
    """Return the section on AASCE's own corners."""
    errors = aasce_truth.corner_errors(root, source)
    within = [f"{100 * np.mean((errors < limit).all(axis=1)):.1f} %" for limit in (0.5, 0.05)]
    return (
        "## AASCE: angles from its true corners\n\n"
        f"Of {len(errors)} films, all three angles are within 0.5° of `angles.csv` on {within[0]} and within 0.05° on "
        f"{within[1]}; the largest difference is {errors.max():.3f}°.\n"
    )


def predicted_section(root: Path, predictions: Path, manifest: Path, truth: Path) -> str:
    """Return the section on predicted outlines of AASCE's films."""
    table = aasce_truth.compare(root, predictions, manifest)
    groups = {"all": table, "without flawed": table[table.flaw == ""]}
    found = {name: aasce_truth.figures(part) for name, part in groups.items()}
    columns = aasce_truth.predicted_columns(predictions)
    noise = aasce_truth.corner_noise(columns, aasce_truth.true_corners(truth, set(table.film)))
    lines = [f"## AASCE: angles from predicted outlines, {truth.stem}", ""]
    lines += ["| figure (95 % interval) | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    lines += [f"| {key} | " + " | ".join(part[key] for part in found.values()) + " |" for key in found["all"]]
    lines += [
        "",
        "Published on the test films: SMAPE 8.28 % (best found) and 10.8 % (Yi 2020).",
        "",
        f"Corners of {noise['bodies']:.0f} matched bodies: mean distance {100 * noise['mean distance']:.1f} % of body "
        f"height, a coordinate's standard deviation (robust) {100 * noise['coordinate sd']:.1f} %; "
        "`column.PREDICTED` should hold the latter, from validation films.",
    ]
    return "\n".join(lines) + "\n"


def phantom_section(table: pd.DataFrame, picture: str, masks: str) -> str:
    """Return the section on phantoms from `masks`, true or predicted: bias, limits of agreement, calls by grade."""
    bodies = table[table.measure == "body"].measured
    lines = [f"## Phantoms: from {masks} masks", "", f"![difference over mean]({picture})", ""]
    lines += [
        f"Of {len(bodies)} bodies that are whole on lateral films, {bodies.isna().sum()} were not found. Outlines are "
        "paired with true bodies by overlap and not by name, so a film that is numbered one off counts here. Spurs "
        "are not drawn in phantoms' outlines: not measured.",
        "",
    ]
    lines += ["| measure | n | bias | limits of agreement | not measurable |", "|---|---|---|---|---|"]
    for name, unit in _UNITS.items():
        rows = table[table.measure == name]
        known = rows[rows.measured.notna()]
        if len(known) > 1:
            a = agreement.agreement(known.measured.to_numpy(), known.true.to_numpy())
            void = f"{len(rows) - len(known)}"
            lines.append(f"| {name} | {a.count} | {a.bias:+.2f} {unit} | {a.low:+.2f} to {a.high:+.2f} | {void} |")
    lines += ["", "Called, by what was drawn (the first is a false call):", ""]
    lines += ["| finding | none | least | middle | most | grades |", "|---|---|---|---|---|---|"]
    lines += [_calls(table, name) for name in _GRADES]
    return "\n".join(lines) + "\n"


def _calls(table: pd.DataFrame, name: str) -> str:
    unit, limits, source = _GRADES[name]
    rows = table[(table.measure == name) & table.measured.notna()]
    grade = np.digitize(rows.true.abs(), limits)
    cells = []
    for one in range(4):
        called = rows.called.to_numpy()[grade == one]
        cells.append(f"{called.sum()} of {len(called)}")
    return f"| {name} | " + " | ".join(cells) + f" | {', '.join(f'{x:g}' for x in limits)} {unit}: {source} |"


def plots(table: pd.DataFrame) -> bytes:
    """Return Bland-Altman plots of the phantom measures as PNG."""
    pairs, units = {}, []
    for name, unit in _UNITS.items():
        rows = table[(table.measure == name) & table.measured.notna()]
        if len(rows) > 1:
            pairs[name] = (rows.measured.to_numpy(), rows.true.to_numpy())
            units.append(unit)
    return agreement.bland_altman(pairs, units)


def write_section(path: Path, section: str, command: str) -> None:
    """Put a section into a Markdown file in place of the one with the same heading, or at its end.

    Raises:
        BadInputError: if the file is there and cannot be read.
    """
    heading, _, body = section.partition("\n")
    made = f"{heading}\n\n- command: `{command}`\n- commit: `{commit()}`\n{body}"
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else "# measure\n"
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(path, "a Markdown file", str(error)) from error
    parts = text.split("\n## ")
    kept = [part for part in parts[1:] if part.partition("\n")[0] != heading.removeprefix("## ")]
    whole = "\n## ".join([parts[0].rstrip("\n") + "\n", *(part.rstrip("\n") + "\n" for part in kept)])
    write_atomic(path, (whole + "\n" + made).encode())


def phantoms(first_seed: int, count: int, detector: Detector | None = None) -> pd.DataFrame:
    """Return the rows of `count` phantoms, from true masks or a detector's."""
    return phantom_truth.run(range(first_seed, first_seed + count), detector)
