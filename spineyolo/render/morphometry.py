"""Sizes of the vertebrae, level by level, in mm, after published measurements of adult spines.

Body widths and depths, posterior heights, pedicles, canal and process spans follow the series of Panjabi et al.:
Cervical human vertebrae, Spine 1991;16:861-869; Thoracic human vertebrae, Spine 1991;16:888-901; Human lumbar
vertebrae, Spine 1992;17:299-306. Wedging of bodies follows Gilad and Nissan, Spine 1986;11:154-157 (cervical and
lumbar) and Masharawi et al., J Anat 2008;212:345-357 (thoracic). Disc heights follow Gilad and Nissan (cervical,
lumbar) and Kunkel et al., J Anat 2011;219:375-387 (thoracic). Values are rounded and lie near the means of those
series; they were not compared with the printed tables, so take no norm from here. What the series do not give (C1,
articular and spinous process slopes) is set to look right and says nothing about anatomy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class VertebraSize:
    """One vertebra's mean adult size; lengths in mm.

    Attributes:
        upper_width, lower_width: of the endplates, left to right.
        depth: of the body, front to back, mean of both endplates.
        height: of the body, at its middle.
        wedge_mm: anterior height minus posterior height.
        pedicle_width, pedicle_height: outer diameters.
        canal_width, canal_depth: of the vertebral foramen.
        transverse_span: from tip to tip of the transverse processes.
        spinous_length: from the canal's back to the tip.
        spinous_slope_deg: how far the spinous process dips below the body's own horizontal.
        disc_below: height of the disc below, at its middle.
    """

    upper_width: float
    lower_width: float
    depth: float
    height: float
    wedge_mm: float
    pedicle_width: float
    pedicle_height: float
    canal_width: float
    canal_depth: float
    transverse_span: float
    spinous_length: float
    spinous_slope_deg: float
    disc_below: float


_COLUMNS: Final = tuple(VertebraSize.__dataclass_fields__)

# fmt: off
_ROWS: Final[dict[str, tuple[float, ...]]] = {
    #      up    low   depth height wedge pw    ph    cw    cd    tp   sp    slope disc
    "C1": (30.0, 30.0, 16.0, 11.0,  0.0,  7.0,  8.0, 28.0, 29.0, 74.0,  8.0,  0.0, 3.0),
    "C2": (16.5, 17.5, 15.6, 20.0,  0.0,  8.0,  9.5, 24.5, 20.0, 52.0, 22.0, 15.0, 5.0),
    "C3": (15.8, 17.2, 15.3, 11.8, -0.4,  5.6,  7.4, 22.9, 16.2, 50.0, 17.0, 20.0, 5.2),
    "C4": (17.2, 17.0, 15.6, 11.5, -0.4,  5.4,  7.4, 24.7, 17.0, 50.0, 17.0, 18.0, 5.3),
    "C5": (17.5, 19.4, 16.5, 11.4, -0.5,  5.6,  7.0, 24.9, 17.0, 52.0, 19.0, 15.0, 5.4),
    "C6": (18.5, 22.0, 17.4, 11.6, -0.4,  6.0,  7.3, 25.8, 17.5, 55.0, 26.0, 12.0, 5.6),
    "C7": (21.8, 23.4, 17.4, 13.2, -0.3,  6.6,  7.5, 24.5, 15.5, 65.0, 34.0, 18.0, 5.3),
    "T1": (24.5, 27.8, 19.1, 14.6, -0.7,  8.5,  9.6, 21.8, 16.4, 75.0, 34.0, 25.0, 5.0),
    "T2": (24.9, 27.4, 20.6, 15.8, -0.8,  8.2, 11.4, 19.5, 15.9, 69.0, 33.0, 35.0, 4.4),
    "T3": (24.6, 25.9, 23.0, 16.2, -0.9,  6.8, 11.9, 18.3, 15.8, 62.0, 33.0, 42.0, 4.0),
    "T4": (24.5, 26.0, 23.9, 16.6, -1.0,  6.3, 12.1, 17.0, 15.8, 59.0, 33.0, 48.0, 3.9),
    "T5": (24.9, 27.0, 25.1, 17.0, -1.2,  6.0, 11.9, 17.3, 15.9, 61.0, 34.0, 54.0, 4.0),
    "T6": (26.2, 28.2, 26.5, 17.6, -1.4,  6.0, 12.2, 17.3, 15.9, 61.0, 35.0, 56.0, 4.3),
    "T7": (27.8, 29.1, 28.0, 18.2, -1.5,  5.9, 12.1, 17.3, 15.9, 60.0, 36.0, 56.0, 4.6),
    "T8": (29.5, 30.5, 28.7, 18.8, -1.4,  6.7, 12.5, 17.7, 15.9, 60.0, 35.0, 54.0, 4.9),
    "T9": (30.6, 33.0, 30.2, 19.4, -1.2,  7.7, 13.9, 17.9, 16.1, 60.0, 34.0, 48.0, 5.2),
    "T10": (31.9, 35.4, 31.1, 20.4, -1.1,  9.0, 14.9, 18.2, 16.2, 57.0, 32.0, 38.0, 5.7),
    "T11": (34.9, 39.1, 31.9, 21.2, -1.5,  9.8, 17.4, 19.4, 16.5, 50.0, 29.0, 24.0, 6.3),
    "T12": (39.0, 42.1, 33.1, 22.6, -1.6,  8.7, 16.7, 22.2, 17.5, 47.0, 29.0, 14.0, 6.9),
    "L1": (41.2, 43.3, 34.7, 24.2, -1.3,  8.6, 15.9, 23.7, 18.5, 71.0, 32.0, 10.0, 7.8),
    "L2": (42.6, 45.5, 34.8, 24.8, -0.5,  8.3, 15.0, 23.8, 18.2, 76.0, 34.0,  9.0, 9.1),
    "L3": (44.1, 48.0, 35.0, 24.8,  0.6, 10.2, 14.4, 24.3, 17.6, 86.0, 35.0,  8.0, 10.2),
    "L4": (46.6, 49.5, 34.8, 24.9,  1.6, 13.0, 15.5, 25.4, 18.0, 84.0, 33.0,  8.0, 11.2),
    "L5": (47.3, 49.4, 34.0, 24.7,  4.8, 17.0, 18.0, 27.1, 18.7, 92.0, 26.0, 10.0, 10.6),
}
# fmt: on

SIZES: Final[dict[str, VertebraSize]] = {
    level: VertebraSize(**dict(zip(_COLUMNS, row, strict=True))) for level, row in _ROWS.items()
}
"""Level to its mean adult size."""

SACRAL_WIDTH_MM: Final = 50.0
SACRAL_DEPTH_MM: Final = 33.0
"""S1's endplate, after Panjabi's L5 lower endplate, which it faces."""

ENDPLATE_DEPTH_SHARE: Final = 0.09
"""Depth of an endplate's dish as a share of the body's depth: some 1.5 mm at C5, 3 mm at L4 (Lakshmanan et al.,
Eur Spine J 2012;21:S160-S164)."""
