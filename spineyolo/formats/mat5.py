"""One matrix of real numbers from a MATLAB 5 file (MATLAB's own default, compressed or not).

SciPy reads everything that such a file may hold, in compiled code that a garbled file can crash together with the
process. A film's corners need one small matrix of it: bytes are looked at here only where they lie inside the file.
Source of the layout: MathWorks, MAT-File Format, chapter 1, "Level 5 MAT-File Format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

_HEADER_BYTES: Final = 128
_ENDIAN: Final = {b"IM": "<", b"MI": ">"}
_MATRIX: Final = 14
_COMPRESSED: Final = 15
_NUMBERS: Final = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Data type to how its numbers are stored: a matrix of doubles that are whole is stored as small as they go."""

_NUMERIC_CLASSES: Final = range(6, 16)  # double, single, and whole numbers of 8 to 64 bits
_COMPLEX: Final = 0x800
_MOST_BYTES: Final = 1_000_000  # of one element, once inflated


def read_matrix(data: bytes, name: str) -> npt.NDArray[np.float64]:
    """Return the matrix called `name`.

    Raises:
        ValueError: if the bytes are no MATLAB 5 file, are cut or garbled on the way to it, or it is no real matrix.
        KeyError: if there is no matrix of that name.
    """
    order = _ENDIAN.get(data[_HEADER_BYTES - 2 : _HEADER_BYTES])
    if order is None:
        raise ValueError("no MATLAB 5 header")
    for kind, content in _elements(data[_HEADER_BYTES:], order):
        element = (kind, content)
        if kind == _COMPRESSED:
            element = next(_elements(_inflated(content), order), element)
        if element[0] == _MATRIX and (found := _matrix(element[1], order, name)) is not None:
            return found
    raise KeyError(name)


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield the type and content of one element after the other."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise ValueError("an element is cut")
        kind, size = struct.unpack_from(f"{order}II", data, at)
        start, step = at + 8, 8 + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        if kind >> 16:  # a small element: its size stands in the upper half, its content in the tag
            kind, size, start, step = kind & 0xFFFF, kind >> 16, at + 4, 8
        if size > min(len(data) - start, step):
            raise ValueError(f"an element of {size} bytes where {len(data) - start} are left")
        yield kind, data[start : start + size]
        at += step


def _inflated(data: bytes) -> bytes:
    try:
        inflater = zlib.decompressobj()
        inflated = inflater.decompress(data, _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if inflater.unconsumed_tail:
        raise ValueError(f"an element that inflates to more than {_MOST_BYTES} bytes")
    return inflated


def _matrix(content: bytes, order: str, name: str) -> npt.NDArray[np.float64] | None:
    """Return a matrix's numbers; None if its name is another."""
    parts = [part for part, _ in zip(_elements(content, order), range(4), strict=False)]
    if len(parts) < 4 or parts[2][1] != name.encode():
        return None
    (_, flags), (_, shape_bytes), _, (kind, numbers) = parts
    flag = int(np.frombuffer(flags, f"{order}u4")[0]) if len(flags) == 8 else 0
    if flag & 0xFF not in _NUMERIC_CLASSES or flag & _COMPLEX or kind not in _NUMBERS:
        raise ValueError(f"{name} is no matrix of real numbers")
    shape = [int(size) for size in np.frombuffer(shape_bytes, f"{order}i4")]
    values = np.frombuffer(numbers, f"{order}{_NUMBERS[kind]}")
    if len(shape) != 2 or min(shape) < 0 or shape[0] * shape[1] != len(values):
        raise ValueError(f"{name} of {' × '.join(map(str, shape))} with {len(values)} numbers")
    return values.astype(np.float64).reshape(shape, order="F")
