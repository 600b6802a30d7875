import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from spineyolo.formats.mat5 import read_matrix

CORNERS = np.arange(136, dtype=np.float64).reshape(68, 2) / 7


def saved(compressed: bool = False, **matrices: Any) -> bytes:
    buffer = BytesIO()
    savemat(buffer, matrices, do_compression=compressed)
    return buffer.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("values", [CORNERS, np.float32(CORNERS), np.uint16(CORNERS * 7), np.int8([[1, -2, 3]])])
def test_read_matrix__what_scipy_writes(compressed: bool, values: Any) -> None:
    found = read_matrix(saved(compressed, other="text", p2=values), "p2")
    assert (found == values).all() and found.shape == values.shape


def test_read_matrix__most_significant_byte_first() -> None:
    def element(kind: int, content: bytes) -> bytes:
        return struct.pack(">II", kind, len(content)) + content + bytes(-len(content) % 8)

    parts = ((6, struct.pack(">II", 6, 0)), (5, struct.pack(">ii", 2, 1)), (1, b"p2"), (9, struct.pack(">dd", 3, 4.5)))
    content = b"".join(element(kind, part) for kind, part in parts)
    header = b"MATLAB 5.0".ljust(124) + struct.pack(">H", 0x100) + b"MI"
    assert read_matrix(header + element(14, content), "p2").tolist() == [[3], [4.5]]


@pytest.mark.parametrize("values", ["text", np.complex128([[1j]]), np.zeros((2, 2, 2)), {"a": 1}])
def test_read_matrix__another_kind_of_value(values: Any) -> None:
    with pytest.raises(ValueError, match="p2"):
        read_matrix(saved(p2=values), "p2")


def test_read_matrix__another_name() -> None:
    with pytest.raises(KeyError, match="p2"):
        read_matrix(saved(p1=CORNERS), "p2")


def test_read_matrix__cut_at_every_place() -> None:
    whole = saved(p2=CORNERS)
    for length in range(len(whole)):
        with pytest.raises((ValueError, KeyError)):
            read_matrix(whole[:length], "p2")


@pytest.mark.parametrize("compressed", [False, True])
def test_read_matrix__any_byte_turned_is_read_or_refused(compressed: bool) -> None:
    whole = saved(compressed, p2=CORNERS)
    for place in range(len(whole)):
        garbled = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        try:
            assert read_matrix(garbled, "p2").size <= 1000
        except (ValueError, KeyError):
            continue


def test_read_matrix__inflates_within_a_bound() -> None:
    with pytest.raises(ValueError, match="more than"):
        read_matrix(saved(True, p2=np.zeros((1000, 1000))), "p2")
