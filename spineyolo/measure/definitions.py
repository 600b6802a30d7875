"""What each measure means: formula, source, where it holds, what to compare it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NO_THRESHOLD: Final = "no validated threshold for this measure"

_OBLIQUE: Final = (
    "true lateral films; a double endplate contour or a turned body voids it and is not seen by the programme"
)


@dataclass(frozen=True)
class Definition:
    """One measure.

    Attributes:
        title: what a reader sees.
        formula: in words, on the four corners and the outline.
        source: who defined it.
        holds: views and conditions.
        reference: values to compare with and their source, or that there are none.
    """

    title: str
    formula: str
    source: str
    holds: str
    reference: str


_CURVE = Definition(
    "Scoliotic curve",
    "largest angle between the mid-planes of two bodies (mid-left to mid-right), tilts smoothed along the column",
    "Cobb 1948; mid-planes as in AASCE 2019",
    "upright AP or PA films with five bodies or more",
    "from 10° with rotation: scoliosis (Scoliosis Research Society); readers differ by some 5° "
    "(Morrissy 1990, Carman 1990)",
)
_DISC_HEIGHT = Definition(
    "Disc height",
    "distance between the endplates' ends (anterior, posterior) or middles, square to their bisector",
    "middle: Hurxthal 1968; anterior and posterior: Dabbs and Dabbs 1990; square to the bisector: Frobin 1997",
    _OBLIQUE,
    "mm only with pixel spacing; then magnification by 10 to 20 % is still in it",
)
_SCLEROSIS = Definition(
    "Sclerosis index",
    "(median grey 5-20 % of body height under the endplate - median of the core) / spread inside cores, "
    "less the mean of the same at the neighbours' endplates",
    "own definition",
    "grey values as recorded or changed linearly; edge enhancement, local contrast (MUSICA, UNIQUE), "
    "logarithmic or sigmoid display curves and clipping void it",
    NO_THRESHOLD,
)
_SPUR = Definition(
    "Osteophyte",
    "what of the outline lies beyond the wall's fitted line within 40 % of body height from the endplate",
    "length as in Nathan 1962, who graded by it",
    "outlines that follow spurs; a syndesmophyte or a rib's head beside the body reads as one",
    "Wilke 2006 scores a spur at each corner by size; " + NO_THRESHOLD,
)
_SAGITTAL = "Cobb's method between endplates"

DEFINITIONS: Final[dict[str, Definition]] = {
    "cobb_main": _CURVE,
    "cobb_above": _CURVE,
    "cobb_below": _CURVE,
    "cervical_lordosis": Definition(
        "Cervical lordosis C2-C7",
        "angle between the inferior endplates of C2 and C7, lordosis positive",
        _SAGITTAL,
        "upright lateral films",
        "mean 10 to 20° in adults, from -20 to 40° without complaints (Gore 1986, Hardacker 1997)",
    ),
    "thoracic_kyphosis": Definition(
        "Thoracic kyphosis T4-T12",
        "angle between the superior endplate of T4 and the inferior of T12, kyphosis positive",
        _SAGITTAL,
        "upright lateral films; the shoulders often hide T4",
        "20 to 40° in young adults, more with age (Fon 1980)",
    ),
    "lumbar_lordosis_l1_l5": Definition(
        "Lumbar lordosis L1-L5",
        "angle between the superior endplate of L1 and the inferior of L5, lordosis positive",
        _SAGITTAL,
        "upright lateral films",
        "not the lordosis of most norms, which is L1-S1: 11 ± 5° less than that (1 to 23°) by the labelled endplates "
        "of 22 laterals outside the test set",
    ),
    "lumbar_lordosis_l1_s1": Definition(
        "Lumbar lordosis L1-S1",
        "angle between the superior endplates of L1 and S1, lordosis positive",
        _SAGITTAL,
        "needs the endplate of S1, which no model outlines: never measurable so far; see L1-L5",
        "40 to 60° in adults, by pelvic incidence (Vialle 2005)",
    ),
    "disc_height_anterior": _DISC_HEIGHT,
    "disc_height_middle": _DISC_HEIGHT,
    "disc_height_posterior": _DISC_HEIGHT,
    "disc_farfan_index": Definition(
        "Disc height by depth",
        "(anterior + posterior height) / mean depth of the endplates above and below",
        "Farfan 1973",
        _OBLIQUE,
        "grows from L1-L2 to L4-L5; norms by level, age and sex for a near relative in Frobin 1997",
    ),
    "disc_body_index": Definition(
        "Disc height by body height",
        "mean of three disc heights / mean wall height of the bodies above and below",
        "Masuda 2005 (made for rabbits, used on people since)",
        _OBLIQUE + "; a fractured neighbour raises it",
        NO_THRESHOLD,
    ),
    "disc_against_neighbours": Definition(
        "Disc height against neighbours",
        "Farfan's index / mean of that of the discs above and below",
        "comparison with the disc above is how readers grade; as a ratio: own definition",
        _OBLIQUE + "; misses discs that are all narrow",
        "height loss of a third and of two thirds part Wilke's grades 1, 2 and 3 (2006), against a normal neighbour",
    ),
    "disc_wedge": Definition(
        "Disc wedge angle",
        "angle between both endplates of the disc, open at the front positive",
        "Frobin 1997",
        _OBLIQUE,
        NO_THRESHOLD,
    ),
    "slip": Definition(
        "Listhesis",
        "from the superior posterior corner of the body below to the foot of the upper body's inferior posterior "
        "corner on that endplate, in percent of its length; forward positive",
        "Taillard 1954; grades: Meyerding 1932",
        _OBLIQUE + "; a spur or a rounded corner at the posterior wall moves it",
        "from 5 % a slip in MrOS (Denard 2010)",
    ),
    "anterior_to_posterior": Definition(
        "Anterior to posterior height",
        "anterior wall / posterior wall",
        "Eastell 1991, McCloskey 1993",
        _OBLIQUE,
        "normal bodies are wedged by up to some 10 % from T6 to L1; 3 SD under the level's mean: Eastell 1991",
    ),
    "middle_to_posterior": Definition(
        "Middle to posterior height",
        "height of the outline half-way between the walls / posterior wall",
        "Eastell 1991, McCloskey 1993",
        _OBLIQUE + "; outlines between four corners show no biconcavity",
        "3 SD under the level's mean: Eastell 1991",
    ),
    "posterior_to_neighbours": Definition(
        "Posterior height against neighbours",
        "posterior wall / mean posterior wall of the bodies above and below",
        "McCloskey 1993, who predicted it from four neighbours",
        _OBLIQUE,
        "3 SD under the level's mean: Eastell 1991",
    ),
    "height_loss": Definition(
        "Largest height loss",
        "100 % - the smallest of the three ratios",
        "bands: Genant 1993",
        _OBLIQUE + "; Scheuermann's disease, normal wedging and limbus vertebrae look alike",
        "20, 25 and 40 % part Genant's bands, which readers give by eye",
    ),
    "sclerosis_superior": _SCLEROSIS,
    "sclerosis_inferior": _SCLEROSIS,
    "spur_length": _SPUR,
    "spur_area": _SPUR,
}
"""Measure to its definition; `docs/osteochondrosis.md` gives the sources in full."""
