"""What the page shows of a film: shapes to lay over it, tables, and how sure the numbering is, in words."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from jinja2 import Environment, StrictUndefined
from pandas.io.formats.style import Styler

from spineyolo import export
from spineyolo.anatomy import INDEX, LEVELS, colour_of
from spineyolo.app.film import OpenFilm
from spineyolo.app.session import Session
from spineyolo.film import Points
from spineyolo.measure import report
from spineyolo.measure.measurement import Measurement
from spineyolo.measure.report import FilmReport
from spineyolo.numbering import COSTS
from spineyolo.numbering.variants import EXTRA_NAMES

MAX_SHOWN_SIDE_PX: Final = 4096
"""Larger films are shown smaller: browsers hold pictures of this size everywhere. Nothing else is done on them."""

THUMB_HEIGHT_PX: Final = 120
_JPEG_QUALITY: Final = 92

_HTML: Final = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_TEMPLATE: Final = _HTML.from_string("""\
<g class="layer masks">
{% for v in named %}<path d="{{ v.path }}" fill="{{ v.colour }}" />{% endfor %}
</g>
<g class="layer contours">
{% for v in named %}<path d="{{ v.path }}" stroke="{{ v.colour }}" class="{{ v.kind }}" />{% endfor %}
</g>
<g class="layer aside">
{% for v in aside %}<path d="{{ v.path }}" />{% endfor %}
</g>
<g class="layer lines">
{% for line in lines %}
<line x1="{{ line.x1 }}" y1="{{ line.y1 }}" x2="{{ line.x2 }}" y2="{{ line.y2 }}"><title>{{ line.text }}</title></line>
{% endfor %}
</g>
<g class="layer levels" font-size="{{ letter_px }}">
{% for v in named %}<text x="{{ v.x }}" y="{{ v.y }}" fill="{{ v.light }}" class="{{ v.kind }}">{{ v.name }}</text>
{% endfor %}
</g>
<g class="picks">
{% for v in aside + named %}
<path d="{{ v.path }}" data-candidate="{{ v.candidate }}" class="{{ v.kind }}" tabindex="{{ 0 if v.name else -1 }}"
 role="button" aria-label="{{ v.title }}"><title>{{ v.title }}</title></path>
{% endfor %}
</g>
""")

_STATE: Final = _HTML.from_string(
    '<div class="sy-state {{ kind }}" role="status"><h2>{{ heading }}</h2><p>{{ text }}</p></div>'
)


def viewer_value(session: Session, measured: FilmReport | None) -> dict[str, Any]:
    """Return what the viewer (`viewer.js`) draws: addresses of pictures, sizes in px, shapes as SVG."""
    film = session.film
    if film is None or measured is None:
        return {"image": None, "films": []}
    return {
        "image": f"film/{session.token}/{film.name}.jpg",
        "width": film.prediction.width,
        "height": film.prediction.height,
        "shapes": shapes(film, measured),
        "picked": session.picked,
        "alert": alert(film),
        "films": [
            {
                "thumb": f"film/{session.token}/{each.name}.jpg?thumb=1",
                "text": f"{each.name.partition('.')[0]}: {extent(each)}",
                "sure": is_plain(each),
                "shown": index == session.current,
            }
            for index, each in enumerate(session.films)
        ],
    }


def shapes(film: OpenFilm, measured: FilmReport) -> str:
    """Return a film's layers as the inside of an SVG whose unit is a film px."""
    found = film.prediction.detections
    names = film.prediction.numbering.names
    named = [_shape(film, index, name) for index, name in enumerate(names) if name is not None]
    aside = [_shape(film, index, "") for index, name in enumerate(names) if name is None and index not in film.deleted]
    heights = found.boxes[[index for index, name in enumerate(names) if name], 3::-2]
    largest = film.prediction.height / 36  # in part views half a vertebra is more than a name needs
    letter = min(0.5 * float(np.median(heights[:, 0] - heights[:, 1])), largest) if len(heights) else largest
    lines = [
        {"x1": round(x1, 1), "y1": round(y1, 1), "x2": round(x2, 1), "y2": round(y2, 1), "text": _line_text(m)}
        for m in measured.measurements
        if m.value is not None
        for (x1, y1), (x2, y2) in m.segments
    ]
    return _TEMPLATE.render(named=named, aside=aside, lines=lines, letter_px=round(letter, 1))


def _shape(film: OpenFilm, index: int, name: str) -> dict[str, Any]:
    found = film.prediction.detections
    x1, y0, y1 = (float(found.boxes[index, column]) for column in (2, 1, 3))
    colour = colour_of(EXTRA_NAMES.get(name, name)) if name else (0, 0, 0)
    title = name or f"set aside, looks like {LEVELS[int(found.level_scores[index].argmax())]}"
    return {
        "candidate": index,
        "name": name,
        "kind": "aside" if not name else "given" if index in film.anchors else "",
        "title": f"{title}, score {found.scores[index]:.2f}",
        "path": _path(found.polygons[index]),
        "colour": f"rgb{colour}",
        "light": f"rgb{tuple((each + 255) // 2 for each in colour)}",
        "x": round(x1 + 0.15 * (y1 - y0), 1),
        "y": round((y0 + y1) / 2, 1),
    }


def _path(polygon: Points) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in polygon) + "Z"


def _line_text(m: Measurement) -> str:
    what, where, value, error, unit, _ = report.row(m)
    return f"{what} {where}: {value} ± {error} {unit}"


def table(film: OpenFilm | None, picked: int | None) -> Styler:
    """Return the vertebrae from the top down: level, score, margin and what is special; the picked one stands out."""
    indices = order(film) if film is not None else []
    rows = export.rows_of(film.prediction) if film is not None else []
    shown = pd.DataFrame(
        [
            (rows[i]["level"], f"{rows[i]['score']:.2f}", f"{rows[i]['level_margin']:.1f}", _special(film, i))
            for i in indices
            if film is not None
        ],
        columns=["level", "score", "margin", "note"],
    )
    highlight = [i == picked for i in indices]
    return shown.style.apply(lambda column: ["background-color: #1f6feb66" if on else "" for on in highlight])


def order(film: OpenFilm) -> list[int]:
    """Return the numbered candidates from the top of the column down: the rows of `table`."""
    names = film.prediction.numbering.names
    places = {level: place for level, place in INDEX.items()} | {"T13": INDEX["T12"] + 0.5, "L6": len(LEVELS)}
    return sorted((i for i, name in enumerate(names) if name is not None), key=lambda i: places[names[i] or ""])


def _special(film: OpenFilm, index: int) -> str:
    if index in film.anchors:
        return "given by you"
    return "recovered" if index in film.prediction.numbering.recovered else ""


def extent(film: OpenFilm) -> str:
    """Return which vertebrae are on a film, in a few words."""
    names = [film.prediction.numbering.names[index] for index in order(film)]
    if not names:
        return "no vertebra found"
    return str(names[0]) if len(names) == 1 else f"{names[0]} to {names[-1]}, {len(names)} vertebrae"


def is_plain(film: OpenFilm) -> bool:
    """Return whether the numbering is sure and the column usual."""
    return export.numbering_text(film.prediction) == "sure"


def alert(film: OpenFilm) -> str:
    """Return what a reader must not overlook, in a line over the film; empty where there is nothing."""
    if not order(film):
        return "No vertebra found"
    return "" if is_plain(film) else f"Numbering {export.numbering_text(film.prediction)}"


def state_html(film: OpenFilm) -> str:
    """Return the box that says which vertebrae are there and how sure their numbering is."""
    heading = "Numbering sure" if is_plain(film) else alert(film)
    return _STATE.render(
        kind="" if is_plain(film) else "unsure",
        heading=f"{film.name.partition('.')[0]}: {extent(film)}. {heading}",
        text=explanation(film),
    )


def picked_text(film: OpenFilm, picked: int | None) -> str:
    """Return which vertebra is picked, or how to pick one."""
    if picked is None:
        return "Click a vertebra, on the film or in the table, to correct it."
    name = film.prediction.numbering.names[picked]
    if name is None:
        return f"Picked: {'deleted' if picked in film.deleted else 'a candidate that was set aside'}."
    return f"Picked: **{name}**, score {film.prediction.detections.scores[picked]:.2f}."


def explanation(film: OpenFilm) -> str:
    """Return what the numbering rests on, and what to check, in sentences."""
    numbering = film.prediction.numbering
    if not order(film):
        return "No candidate is confident enough. Switch on “set aside”, and give a level to what is a vertebra."
    said = []
    if film.anchors:
        said.append(f"The column is tied to {', '.join(sorted(film.anchors.values(), key=LEVELS.index))}, as given.")
    if np.isfinite(numbering.margin):
        said.append(
            f"The next best numbering of this column is dearer by {numbering.margin:.1f}; "
            f"under {COSTS.sure_margin:g} is uncertain."
        )
    if numbering.variant is not None or numbering.suspected is not None:
        said.append("Count before you believe an unusual number of vertebrae.")
    names = {film.prediction.numbering.names[index] for index in order(film)}
    places = [INDEX[name] for name in names if name in INDEX]
    missing = [level for level in LEVELS[min(places) : max(places)] if level not in names] if places else []
    if missing:
        said.append(f"Not found in between: {', '.join(missing)}.")
    said.append("Sure is not right: the whole column may be one level off. Check one level you know.")
    return " ".join(said)


def picture(film: OpenFilm, thumb: bool) -> bytes:
    """Return a film as JPEG, without anything drawn on it; small if `thumb`."""
    grey: npt.NDArray[np.uint8] = film.radiograph.grey
    scale = THUMB_HEIGHT_PX / grey.shape[0] if thumb else min(1.0, MAX_SHOWN_SIDE_PX / max(grey.shape))
    if scale < 1:
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()


def measurement_tables(measured: FilmReport | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what was measured with its error, and what could not be, with the reason."""
    all_of = measured.measurements if measured is not None else ()
    values = [report.row(m) for m in all_of if m.value is not None]
    why = report.void_rows([m for m in all_of if m.value is None])
    return (
        pd.DataFrame(values, columns=["measure", "where", "value", "± 95 %", "unit", "in words"]),
        pd.DataFrame(why, columns=["measure", "where", "why not"]),
    )
