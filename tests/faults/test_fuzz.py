"""The short form of the fuzz tests; the long one is `make soak`."""

import pytest

from tests.faults.fuzz import fuzz
from tests.faults.seeds import TARGETS

EXAMPLES = 150


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_fuzz__sound_files_are_read(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("sound")
    TARGETS[name].write(folder)
    films, refusals = TARGETS[name].read(folder)
    assert films >= 1 and refusals == 0


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_fuzz__garbled_files_are_read_or_refused(name: str) -> None:
    outcomes = fuzz(name, EXAMPLES)
    assert outcomes["refused"] > EXAMPLES / 20  # the garbling garbles
