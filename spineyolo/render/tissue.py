"""Attenuation of tissues for a diagnostic beam, per mm, as excess over the soft tissue that each lies in.

Effective values near 60 keV (a 80 kVp beam behind a patient): mass attenuation of NIST's tables (Hubbell and Seltzer
1995) times the density of ICRU 44 tissues. Bone of a living body is porous, so its cortex counts less than solid.
"""

from __future__ import annotations

from typing import Final

SOFT: Final = 0.0200
"""Of soft tissue itself, over air."""

CORTEX: Final = 0.028
CORE: Final = 0.0125
"""Trabecular bone with its marrow."""

LUNG: Final = -0.0155
GAS: Final = -SOFT
FAT: Final = -0.0022
BLOOD: Final = 0.0008
TOOTH: Final = 0.055
METAL: Final = 0.35
"""Titanium."""
