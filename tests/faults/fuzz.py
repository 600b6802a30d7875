"""Fuzzing one kind of file: many garbled versions, each read or refused with a sentence, none of them slowly."""

import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.mutate import garbled
from tests.faults.seeds import TARGETS

LONGEST_S = 10.0
"""Seconds after which a small file counts as a hang; one core shared with other work is allowed for."""


def fuzz(name: str, examples: int) -> Counter[str]:
    """Read that many garbled versions of a target and count what came of them.

    Raises:
        Exception: whatever a reader raised that it should not have, with the smallest file that Hypothesis found.
        AssertionError: if one took longer than `LONGEST_S`.
    """
    target, outcomes = TARGETS[name], Counter[str]()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's and pydicom's remarks on garbled files
        root = Path(folder)
        target.write(root)

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(data=st.data())
        def read_one(data: st.DataObject) -> None:
            file = data.draw(st.sampled_from(target.garbled))
            content = data.draw(garbled(target.files[file]))
            (root / file).write_bytes(content)
            began = time.perf_counter()
            films, refusals = target.read(root)
            seconds = time.perf_counter() - began
            (root / file).write_bytes(target.files[file])
            assert seconds < LONGEST_S, f"{seconds:.1f} s"
            outcomes["refused" if refusals else "read"] += 1
            outcomes["films"] += films

        read_one()
    return outcomes
