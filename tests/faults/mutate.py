"""Files garbled by Hypothesis: bytes changed, cut, doubled or put in, JSON values swapped for awkward ones."""

import json
from typing import Any

from hypothesis import strategies as st

_AWKWARD_BYTES = (
    b"\x00",
    b"\xff" * 4,
    b"\xff\xff\xff\x7f",
    b"\x80\x00\x00\x00",
    b"-1",
    b"1e999",
    b"nan",
    b"9" * 400,
    b"\xed\xa0\x80",
    b"../" * 4,
    b"[" * 3000,
    b"<a>" * 3000,
    b"&a *a",
    b"!!python/object:os.system",
    b"L1",
)

_AWKWARD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            [],
            {},
            [[]],
            [[[1]]],
            "",
            "L1",
            "../../film.png",
            "/dev/zero",
            "a\x00b",
            "\ud800",
            "x" * 5000,
            10**400,
            -(10**9),
            1e300,
            [1e30, -1e30] * 4,
            [0] * 7,
            {"size": [60, 40], "counts": "\x7f" * 9},
            {"size": [60, 40], "counts": [0, 2400]},
            {"size": [60, 40], "counts": [-1, 2401]},
            {"size": [60, 40], "counts": [0.5, 2399.5]},
        ]
    ),
)


@st.composite
def garbled(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw a garbled version of a file's content."""
    if content[:1] == b"{" and draw(st.booleans()):
        document = json.loads(content)
        for _ in range(draw(st.integers(1, 3))):
            document = _swap_one(draw, document)
        return json.dumps(document).encode()
    for _ in range(draw(st.integers(1, 6))):
        content = _change(draw, content)
    return content


def _swap_one(draw: st.DrawFn, value: Any) -> Any:
    """Return a document with one value, at any depth, swapped, dropped or doubled."""
    if not isinstance(value, (dict, list)) or not value or draw(st.integers(0, 4)) == 0:
        return draw(_AWKWARD_VALUES)
    if isinstance(value, dict):
        key = draw(st.sampled_from(sorted(value)))
        action = draw(st.integers(0, 5))
        rest = {name: item for name, item in value.items() if name != key}
        return rest if action == 0 else {**value, key: _swap_one(draw, value[key])}
    index = draw(st.integers(0, len(value) - 1))
    action = draw(st.integers(0, 5))
    if action == 0:
        return value[:index] + value[index + 1 :]
    if action == 1:
        return value + value[index : index + 1]
    return [*value[:index], _swap_one(draw, value[index]), *value[index + 1 :]]


def _change(draw: st.DrawFn, content: bytes) -> bytes:
    start = draw(st.integers(0, len(content)))
    action = draw(st.sampled_from(["flip", "cut", "double", "put in", "end", "overwrite"]))
    if action == "flip" and start < len(content):
        return content[:start] + bytes([content[start] ^ draw(st.integers(1, 255))]) + content[start + 1 :]
    if action == "end":
        return content[:start]
    length = draw(st.integers(1, 64))
    if action == "cut":
        return content[:start] + content[start + length :]
    if action == "double":
        return content[: start + length] + content[start:]
    awkward = draw(st.sampled_from(_AWKWARD_BYTES))
    return content[:start] + awkward + content[start + len(awkward) * (action == "overwrite") :]
