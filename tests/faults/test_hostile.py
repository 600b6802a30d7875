import sys
from pathlib import Path

import pytest

from tests.faults.hostile import CASES, attack, measured, pipes_and_devices

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds a process by Linux's means")


@pytest.mark.parametrize("name", CASES)
def test_attack__is_read_or_refused_within_bounds(name: str, tmp_path: Path) -> None:
    outcome = attack(name, tmp_path)
    assert outcome.harmless, outcome


def test_attack__pipes_and_devices_are_refused(tmp_path: Path) -> None:
    for name, target in pipes_and_devices(tmp_path).items():
        outcome = measured(lambda target=target: "{} read, {} refused".format(*target.read(tmp_path)))
        assert outcome.said == "0 read, 1 refused", (name, outcome)


def test_measured__what_breaks_the_bounds_is_found() -> None:
    assert not measured(lambda: str(len(bytearray(3_000_000_000)))).harmless
    assert not measured(lambda: str(1 / 0)).harmless
