"""One HTML page over the films of a run: overlays, who is where, and the figures against the truth if there is one."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from spineyolo.anatomy import LEVELS
from spineyolo.errors import BadInputError
from spineyolo.files import read_json, write_atomic

_SHOWN: Final = {
    "films": "films",
    "vertebrae": "vertebrae on them",
    "detection": "vertebrae found",
    "identification": "vertebrae found and named right",
    "films_all_right": "films with every vertebra right",
    "dice": "Dice of found vertebrae",
    "mask_agnostic_mAP50": "mask AP50, levels aside",
    "mask_numbered_mAP50": "mask AP50, levels counted",
}

_TEMPLATE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SpineYOLO: {{ films | length }} films</title>
<style>
 body { margin: 0; background: #14171a; color: #e8eaec; font: 16px/1.5 system-ui, sans-serif; }
 header, main { max-width: 1500px; margin: 0 auto; padding: 1rem 1.5rem; }
 h1 { margin: .3rem 0; font-size: 1.6rem; } h2 { font-size: 1rem; margin: .5rem 0 0; overflow-wrap: anywhere; }
 .warning { color: #ffd166; } .sure { color: #7bd88f; } .uncertain { color: #ffb454; } p { margin: .2rem 0; }
 table { border-collapse: collapse; margin: 1rem 0; } td { padding: .15rem 1.2rem .15rem 0; }
 td + td { text-align: right; font-variant-numeric: tabular-nums; }
 main { display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); gap: 1.5rem; align-items: start; }
 article { background: #1d2226; border-radius: 8px; padding: .8rem; }
 img { width: 100%; max-height: 70vh; object-fit: contain; background: #000; border-radius: 4px; }
</style>
</head>
<body>
<header>
<h1>SpineYOLO: {{ films | length }} films</h1>
<p class="warning">Research use only. Not a medical device; no finding here may guide treatment.</p>
{% if figures %}
<table>
{% for name, value in figures %}<tr><td>{{ name }}</td><td>{{ value }}</td></tr>
{% endfor %}</table>
{% endif %}
</header>
<main>
{% for film in films %}
<article>
<a href="{{ film.overlay | urlencode }}">
<img src="{{ film.overlay | urlencode }}" alt="Overlay of {{ film.name }}" loading="lazy"></a>
<h2>{{ film.name }}</h2>
<p>{{ film.found }}</p>
<p class="{{ 'sure' if film.numbering.startswith('sure') else 'uncertain' }}">numbering {{ film.numbering }}</p>
</article>
{% endfor %}
</main>
</body>
</html>
"""


def write(folder: Path, evaluation: Path | None = None) -> Path:
    """Write `index.html` into a folder that `tools/predict.py` wrote, and return its path.

    Args:
        folder: has `predictions.json` and the overlays.
        evaluation: JSON that `tools/evaluate.py` wrote for these films; its first group is shown.

    Raises:
        BadInputError: if a file is missing or is none of these, or a film has no overlay.
    """
    films = _films(folder)
    figures = _figures(evaluation) if evaluation else []
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_TEMPLATE)
    path = folder / "index.html"
    write_atomic(path, template.render(films=films, figures=figures).encode())
    return path


def _films(folder: Path) -> list[dict[str, str]]:
    path = folder / "predictions.json"
    document = read_json(path)
    named: dict[Any, list[tuple[float, str]]] = defaultdict(list)
    try:
        for annotation in document["annotations"]:
            if not annotation["dropped"]:
                named[annotation["image_id"]].append((annotation["bbox"][1], annotation["level"]))
        films = [
            {
                "name": str(image["file_name"]),
                "overlay": f"{Path(image['file_name']).stem}_overlay.png",
                "found": _found([level for _, level in sorted(named[image["id"]])]),
                "numbering": str(image["numbering"]),
            }
            for image in document["images"]
        ]
    except (KeyError, TypeError, IndexError) as error:
        raise BadInputError(path, "predictions of tools/predict.py", f"{type(error).__name__}: {error}") from error
    for film in films:
        if not (folder / film["overlay"]).exists():
            raise BadInputError(folder / film["overlay"], f"the overlay of {film['name']}", "none")
    return films


def _found(levels: list[str]) -> str:
    if not levels:
        return "no vertebra found"
    ends = levels[0] if len(levels) == 1 else f"{levels[0]} to {levels[-1]}"
    return f"{len(levels)} of {len(LEVELS)} vertebrae: {ends}"


def _figures(evaluation: Path) -> list[tuple[str, str]]:
    results = read_json(evaluation).get("results")
    if not isinstance(results, dict) or not results:
        raise BadInputError(evaluation, "an evaluation of tools/evaluate.py", "no results")
    figures = next(iter(results.values()))
    try:
        values = {text: figures[name] for name, text in _SHOWN.items()}
    except (KeyError, TypeError) as error:
        raise BadInputError(evaluation, f"figures {', '.join(_SHOWN)}", f"{type(error).__name__}: {error}") from error
    return [(text, _text(value)) for text, value in values.items()]


def _text(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
