from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from render.ct_scans import (
    column,
    scan_of,
)

from spineyolo.render.ct_film import attenuation, without_surroundings
from spineyolo.render.ct_labels import Scan


def test_without_surroundings__table_is_gone_and_patient_stays() -> None:
    labels, _ = column("L1", "L2")
    clean = scan_of(labels)
    with_table = replace(clean, hounsfield=np.pad(clean.hounsfield, ((0, 0), (10, 0), (0, 0)), constant_values=-1000))
    with_table.hounsfield[:, 4, :] = 300
    with_table = replace(with_table, labels=np.pad(labels, ((0, 0), (10, 0), (0, 0))))
    alone = without_surroundings(with_table)
    assert alone.hounsfield.shape[1] < with_table.hounsfield.shape[1] - 4
    assert (alone.hounsfield == 1500).sum() == (clean.hounsfield == 1500).sum()
    assert (alone.labels > 0).sum() == (labels > 0).sum()


def test_attenuation__water_is_water_and_bone_gains_more_than_iodine() -> None:
    values = np.float32([[[-1000, 0, 400, 400, 1500]]])
    scan = Scan(Path("ct"), values, np.uint8([[[0, 0, 0, 7, 0]]]), 1.0, ())
    air, water, iodine, vertebra, cortex = (attenuation(scan, 2.0) / 0.0206).ravel()
    assert (air, water) == pytest.approx((0, 1))
    assert iodine < 1.4 < 2 * 1.35 < cortex
    assert vertebra == pytest.approx(1.05 + 2 * 0.35)
