"""Pictures for `docs/osteochondrosis.md`: each sign on a rendered lateral lumbar film, beside the same film without it.

Text on them is levels and numbers alone, so that one picture serves every language.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spineyolo.anatomy import View
from spineyolo.files import write_atomic
from spineyolo.measure import disc, endplate, listhesis
from spineyolo.measure.column import EXACT, Body, Column, column_of
from spineyolo.measure.measurement import Array, Measurement
from spineyolo.measure.phantom_truth import outline_on_film
from spineyolo.render.film_physics import FilmStyle
from spineyolo.render.phantom import RenderedFilm, render
from spineyolo.render.spec import DiscLoss, Osteophyte, PhantomSpec, Projection, Sclerosis, Side, Slip, Window

HEIGHT_PX: Final = 1200
_SHOWN: Final = 2.35
"""Half the side of a panel in heights of L4: it holds L3 to S1."""

_STYLE: Final = FilmStyle(hardening=5.5, scatter=0.15, photons=6e5, flatten=0.6, edge=0.2, gamma=1.5, high=100, toe=0.3)
_LINE: Final = "#56b4e9"  # Okabe and Ito's colours (2008)
_ARROW: Final = "#e69f00"
_RIM: Final = (patheffects.withStroke(linewidth=3, foreground="black"),)


@dataclass(frozen=True, eq=False)
class Shown:
    """A rendered film and what was measured on it, by name and place."""

    film: RenderedFilm
    column: Column
    measured: dict[tuple[str, str], Measurement]

    def body(self, level: str) -> Body:
        """Return the body of a level that is in view."""
        body = self.column.get(level)
        if body is None:
            raise KeyError(level)
        return body


@dataclass(frozen=True)
class Sign:
    """A sign: the phantom's parameters that draw it, and what marks it on a panel."""

    mark: Callable[[Axes, Shown], None]
    findings: dict[str, Any] = field(default_factory=dict)


def write_all(folder: Path, height_px: int = HEIGHT_PX) -> list[Path]:
    """Write a JPEG a sign and return their paths.

    Args:
        folder: gets `measure_NAME.jpg` for each of `SIGNS`.
        height_px: of the rendered films, of which panels show a part.

    Raises:
        BadInputError: if the folder cannot be written to.
    """
    sound = _shown(height_px, {})
    paths = []
    for name, sign in SIGNS.items():
        path = folder / f"measure_{name}.jpg"
        write_atomic(path, _jpeg(sound, _shown(height_px, sign.findings), sign))
        paths.append(path)
    return paths


def _shown(height_px: int, findings: dict[str, Any]) -> Shown:
    spec = PhantomSpec(
        seed=11,
        view=Projection.LATERAL,
        window=Window.LUMBAR,
        width=round(0.7 * height_px),
        height=height_px,
        field_mm=235,
        distance_mm=1500,
        spine_distance_mm=1330,
        shift_mm=-25,
        **findings,
    )
    film = render(spec, _STYLE)
    outlines = {str(item.level): outline_on_film(item, spec) for item in film.vertebrae if item.level is not None}
    column = column_of(outlines, (spec.width, spec.height), EXACT, View.LATERAL, not spec.faces_left, film.grey)
    everything = [*disc.measure(column), *listhesis.measure(column), *endplate.measure(column, film.grey)]
    return Shown(film, column, {(m.name, m.where): m for m in everything})


def _jpeg(sound: Shown, worn: Shown, sign: Sign) -> bytes:
    """Return two panels: the sound film, and the same with the sign; both marked alike and in one window of grey."""
    middle = (sound.body("L4").centre + sound.body("L5").centre) / 2
    reach = _SHOWN * sound.body("L4").height_px
    (left, top), (right, bottom) = middle - reach, middle + reach
    part = sound.film.grey[max(0, int(top)) : int(bottom), max(0, int(left)) : int(right)]
    low, high = np.percentile(part, (3, 99.8))
    figure = Figure(figsize=(9.6, 4.8), dpi=110, facecolor="black")
    for place, (letter, shown) in enumerate((("a", sound), ("b", worn))):
        axes = figure.add_axes((0.5 * place + 0.003, 0.0, 0.494, 1.0))
        axes.imshow(shown.film.grey, cmap="gray", vmin=low, vmax=high, interpolation="lanczos")
        axes.set(xlim=(left, right), ylim=(bottom, top))
        axes.set_axis_off()
        axes.text(0.02, 0.98, letter, color="white", fontsize=15, va="top", transform=axes.transAxes)
        for body in shown.column.bodies:
            x, y = body.centre
            name = axes.text(x, y, body.level, color="white", fontsize=13, ha="center", va="center", clip_on=True)
            name.set_path_effects([*_RIM])
        sign.mark(axes, shown)
    target = io.BytesIO()
    figure.savefig(target, format="jpg", facecolor="black", pil_kwargs={"quality": 82, "optimize": True})
    return target.getvalue()


def _line(axes: Axes, start: Array | tuple[float, float], end: Array | tuple[float, float], style: str = "-") -> None:
    axes.plot((start[0], end[0]), (start[1], end[1]), style, color=_LINE, linewidth=1.6, path_effects=_RIM)


def _text(axes: Axes, at: Array, text: str) -> None:
    axes.text(at[0], at[1], text, color=_LINE, fontsize=13, va="center", path_effects=_RIM)


def _arrow(axes: Axes, tip: Array, tail: Array) -> None:
    axes.annotate(
        "",
        (tip[0], tip[1]),
        (tail[0], tail[1]),
        arrowprops={"color": _ARROW, "width": 2, "headwidth": 9, "headlength": 9},
    )


def _beside(shown: Shown, upper: str, lower: str) -> Array:
    """Return a point in front of the disc between two levels, for a text."""
    pair = np.stack([shown.body(upper).corners, shown.body(lower).corners])
    front = (pair[0, 2] + pair[1, 1]) / 2
    return np.asarray(front + (front - (pair[0, 3] + pair[1, 0]) / 2) * 0.2)


def _mark_discs(axes: Axes, shown: Shown) -> None:
    for upper, lower in (("L3", "L4"), ("L4", "L5")):
        for part in ("anterior", "middle", "posterior"):
            for start, end in shown.measured[f"disc_height_{part}", f"{upper}-{lower}"].segments:
                _line(axes, start, end)
        share = shown.measured["disc_against_neighbours", f"{upper}-{lower}"].value
        if share is not None and upper == "L4":
            _text(axes, _beside(shown, upper, lower), f"{share:.0f} %")


def _mark_endplates(axes: Axes, shown: Shown) -> None:
    for level, name, (near, far) in (("L4", "inferior", ((3, 2), (0, 1))), ("L5", "superior", ((0, 1), (3, 2)))):
        corners = shown.body(level).corners
        ends = [
            corners[n] + depth * (corners[f] - corners[n])
            for depth in endplate.BAND
            for n, f in zip(near, far, strict=True)
        ]
        ring = [
            ends[row] + share * (ends[row + 1] - ends[row])
            for row, share in ((0, endplate.ACROSS[0]), (0, endplate.ACROSS[1]), (2, endplate.ACROSS[1]),
                               (2, endplate.ACROSS[0]))
        ]  # fmt: skip
        axes.plot(*np.array([*ring, ring[0]]).T, color=_LINE, linewidth=0.9)
        index = shown.measured[f"sclerosis_{name}", level].value
        if index is not None:
            front = corners[near[1]] + 0.12 * (corners[far[1]] - corners[near[1]])
            _text(axes, front + 0.15 * (corners[near[1]] - corners[near[0]]), f"{round(index, 1) + 0.0:g}")


def _mark_spurs(axes: Axes, shown: Shown) -> None:
    for row in shown.film.truth["vertebrae"]:
        for spur in row["osteophyte_tips_px"]:
            tip, forward = np.array(spur["px"]), np.array([shown.body(row["level"]).height_px, 0.0])
            _arrow(axes, tip + 0.08 * forward, tip + 0.5 * forward)


def _mark_slip(axes: Axes, shown: Shown) -> None:
    for upper, lower in (("L3", "L4"), ("L4", "L5")):
        slip = shown.measured["slip", f"{upper}-{lower}"]
        corners = shown.body(lower).corners
        _line(axes, corners[3], corners[0] + 0.55 * (corners[0] - corners[3]))
        for start, end in slip.segments:
            _line(axes, start, end, ":")
        if slip.value is not None:
            _text(axes, _beside(shown, upper, lower), f"{round(slip.value)} %")


SIGNS: Final = {
    "disc_height": Sign(_mark_discs, {"discs": (DiscLoss("L4", 0.6),)}),
    "sclerosis": Sign(
        _mark_endplates, {"scleroses": (Sclerosis("L4", False, 4.0, 1.15), Sclerosis("L5", True, 4.0, 1.15))}
    ),
    "osteophyte": Sign(
        _mark_spurs,
        {
            "osteophytes": (
                Osteophyte("L3", False, Side.ANTERIOR, 4.0),
                Osteophyte("L4", True, Side.ANTERIOR, 5.0),
                Osteophyte("L4", False, Side.ANTERIOR, 7.0),
                Osteophyte("L5", True, Side.ANTERIOR, 8.0),
            )
        },
    ),
    "listhesis": Sign(_mark_slip, {"slips": (Slip("L4", 22.0, Side.ANTERIOR),)}),
}
"""Sign to what draws and marks it."""
