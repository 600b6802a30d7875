"""One HTML page a film: where it was measured, the numbers, what could not be measured, and what the measures mean."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from jinja2 import Environment, StrictUndefined

from spineyolo.anatomy import INDEX
from spineyolo.files import write_atomic
from spineyolo.measure.measurement import Measurement
from spineyolo.measure.report import FilmReport, meaning, row, void_rows

_OF_DISCS: Final = (
    "disc_height_anterior",
    "disc_height_middle",
    "disc_height_posterior",
    "disc_farfan_index",
    "disc_body_index",
    "disc_against_neighbours",
    "disc_wedge",
    "slip",
)
_OF_BODIES: Final = (
    "anterior_to_posterior",
    "middle_to_posterior",
    "posterior_to_neighbours",
    "height_loss",
    "sclerosis_superior",
    "sclerosis_inferior",
)
"""Measures with one number a disc, or a body, shown side by side; the others are listed."""

_TEMPLATE: Final = """<!doctype html>
{% macro table(head, rows) %}
<table>
<tr>{% for cell in head %}<th>{{ cell }}</th>{% endfor %}</tr>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
{% endmacro %}
{% macro grid(where, grid) %}
<table>
<tr><th>{{ where }}</th>{% for head in grid.heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for place, cells in grid.rows %}<tr><td>{{ place }}</td>
{% for cell in cells -%}
<td{% if cell.vague %} class="vague"{% endif %}>{{ cell.text }}<small>{{ cell.label }}</small></td>
{% endfor %}</tr>
{% endfor %}</table>
{% endmacro %}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ film }}</title>
<style>
 body { font: 15px sans-serif; margin: 2em; max-width: 110em; }
 img { max-width: 40vw; max-height: 95vh; position: sticky; top: 1em; }
 .both { display: flex; gap: 2em; align-items: flex-start; }
 table { border-collapse: collapse; margin-bottom: 1em; }
 .vague { color: #888; }
 small { display: block; }
 td:first-child { white-space: nowrap; }
 td, th { padding: .15em .7em; border-bottom: 1px solid #ccc; text-align: left; vertical-align: top; }
</style>
</head>
<body>
<h1>{{ film }}</h1>
{% for note in notes %}<p>{{ note }}</p>
{% endfor %}
<div class="both">
<img alt="film with what was measured" src="data:image/png;base64,{{ picture }}">
<div>
<h2>Measured</h2>
<p>Each with half its 95 % interval. Grey: that is as large as the number, or larger.</p>
{% if others %}{{ table(["measure", "where", "value", "± 95 %", "unit", ""], others) }}{% endif %}
{% if discs.rows %}{{ grid("disc", discs) }}{% endif %}
{% if bodies.rows %}{{ grid("body", bodies) }}{% endif %}
<h2>Not measurable</h2>
{{ table(["measure", "where", "why"], void) }}
</div>
</div>
<h2>What they mean</h2>
{{ table(["measure", "formula", "source", "holds for", "compare with"], meanings) }}
</body>
</html>
"""


@dataclass(frozen=True)
class Cell:
    """One number of a grid: with its error, whether that is as large as it, and what it means in words."""

    text: str = ""
    label: str = ""
    vague: bool = False


@dataclass(frozen=True)
class Grid:
    """Measures side by side, a row a place: heads, and for each place its cells, empty where there is no number."""

    heads: list[str]
    rows: list[tuple[str, list[Cell]]]


def html(report: FilmReport, overlay_png: bytes) -> str:
    """Return a film's page, which needs no other file."""
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_TEMPLATE)
    measured = [m for m in report.measurements if m.value is not None]
    return template.render(
        film=report.path.name,
        notes=report.notes,
        picture=base64.b64encode(overlay_png).decode(),
        others=[row(m) for m in measured if m.name not in _OF_DISCS + _OF_BODIES],
        discs=grid([m for m in measured if m.name in _OF_DISCS]),
        bodies=grid([m for m in measured if m.name in _OF_BODIES]),
        void=void_rows([m for m in report.measurements if m.value is None]),
        meanings=[meaning(name) for name in dict.fromkeys(m.name for m in report.measurements)],
    )


def grid(measured: Sequence[Measurement]) -> Grid:
    """Return measurements that have values as a grid, places from the top of the column down."""
    heads: dict[str, str] = {}
    places: dict[str, dict[str, Cell]] = {}
    for m in sorted(measured, key=lambda one: [INDEX[level] for level in one.levels]):
        title, where, value, error, unit, label = row(m)
        heads[m.name] = f"{title}, {unit}"
        vague = m.error is not None and m.error >= abs(m.value or 0)
        places.setdefault(where, {})[m.name] = Cell(f"{value} ± {error}" if error else value, label, vague)
    names = [name for name in _OF_DISCS + _OF_BODIES if name in heads]
    rows = [(where, [cells.get(name, Cell()) for name in names]) for where, cells in places.items()]
    return Grid([heads[name] for name in names], rows)


def write(report: FilmReport, overlay: npt.NDArray[np.uint8], folder: Path) -> None:
    """Write `STEM.html` and `STEM_measures.png`; `overlay` is `(height, width, 3)` BGR."""
    png = cv2.imencode(".png", overlay)[1].tobytes()
    write_atomic(folder / f"{report.path.stem}_measures.png", png)
    write_atomic(folder / f"{report.path.stem}.html", html(report, png).encode())
