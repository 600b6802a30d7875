"""One HTML page a film: where it was measured, the numbers, what could not be measured, and what the measures mean."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from jinja2 import Environment, StrictUndefined

from spineyolo.files import write_atomic
from spineyolo.measure.report import FilmReport, meaning, row, void_rows

_TEMPLATE: Final = """<!doctype html>
{% macro table(head, rows) %}
<table>
<tr>{% for cell in head %}<th>{{ cell }}</th>{% endfor %}</tr>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
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
{{ table(["measure", "where", "value", "± 95 %", "unit", ""], measured) }}
<h2>Not measurable</h2>
{{ table(["measure", "where", "why"], void) }}
</div>
</div>
<h2>What they mean</h2>
{{ table(["measure", "formula", "source", "holds for", "compare with"], meanings) }}
</body>
</html>
"""


def html(report: FilmReport, overlay_png: bytes) -> str:
    """Return a film's page, which needs no other file."""
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_TEMPLATE)
    return template.render(
        film=report.path.name,
        notes=report.notes,
        picture=base64.b64encode(overlay_png).decode(),
        measured=[row(m) for m in report.measurements if m.value is not None],
        void=void_rows([m for m in report.measurements if m.value is None]),
        meanings=[meaning(name) for name in dict.fromkeys(m.name for m in report.measurements)],
    )


def write(report: FilmReport, overlay: npt.NDArray[np.uint8], folder: Path) -> None:
    """Write `STEM.html` and `STEM_measures.png`; `overlay` is `(height, width, 3)` BGR."""
    png = cv2.imencode(".png", overlay)[1].tobytes()
    write_atomic(folder / f"{report.path.stem}_measures.png", png)
    write_atomic(folder / f"{report.path.stem}.html", html(report, png).encode())
