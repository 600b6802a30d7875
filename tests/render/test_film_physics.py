"""The film behind the patient."""

from dataclasses import replace

import numpy as np

from spineyolo.render.film_physics import FilmStyle, develop, expose, harden, texture

_PLAIN = FilmStyle(photons=1e12, scatter=0.0, flatten=0.0, edge=0.0)


def _step() -> np.ndarray:
    wedge = np.zeros((240, 160), np.float32)
    wedge[:, 40:] = np.linspace(0.5, 4, 120, dtype=np.float32)
    return wedge


def test_develop__thicker_is_brighter_and_air_is_black() -> None:
    grey = develop(expose(_step(), _PLAIN, np.random.default_rng(0)), _PLAIN)
    row = grey[120, 50:150].astype(int)
    assert grey[120, 5] < 10
    assert (np.diff(row[::5]) >= 0).all()
    assert row[-1] - row[0] > 150


def test_expose__fewer_photons_are_noisier() -> None:
    noisy = [
        float((expose(_step(), replace(_PLAIN, photons=count), np.random.default_rng(0)) - _step())[:, 60:150].std())
        for count in (1e3, 1e5)
    ]
    assert noisy[0] > 3 * noisy[1]


def test_expose__scatter_lowers_contrast() -> None:
    patient = np.full((400, 300), 3.0, np.float32)
    patient[190:210, 140:160] = 4.0
    readings = [expose(patient, replace(_PLAIN, scatter=share), np.random.default_rng(0)) for share in (0.0, 0.5)]
    bare, scattered = (float(reading[200, 150] - reading[20, 20]) for reading in readings)
    assert abs(bare - 1) < 0.01
    assert scattered < 0.85 * bare


def test_harden__counts_thick_parts_less() -> None:
    hardened = harden(np.array([[0.01, 3.0, 6.0]], np.float32), 4.0)[0]
    assert abs(hardened[0] - 0.01) < 1e-3
    assert hardened[2] - hardened[1] < 0.5 * (hardened[1] - hardened[0])


def test_develop__draws_borders_and_lines() -> None:
    style = replace(_PLAIN, collimation_px=(10, 0, 0, 12), border=200.0, lines_px=50.0)
    grey = develop(_step(), style)
    assert (grey[:230, 2] > 190).all()
    assert (grey[-3] > 190).all()
    assert grey[30, 25] > grey[26, 25] + 20


def test_texture__is_seeded_noise_of_unit_deviation() -> None:
    first, again = (texture(300, 700, 2.0, np.random.default_rng(4)) for _ in range(2))
    assert (first == again).all()
    assert abs(first.std() - 1) < 0.1
    assert abs(first.mean()) < 0.1
