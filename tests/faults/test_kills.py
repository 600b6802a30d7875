"""The short form of the kill tests; the long one is `make soak`."""

from functools import partial
from pathlib import Path

import pytest

from tests.faults import works
from tests.faults.kills import kill_and_rerun


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return works.make_source(tmp_path / "source")


def test_kill__conversion(source: Path, tmp_path: Path) -> None:
    kills = kill_and_rerun(partial(works.convert, source), tmp_path, trials=4)
    assert kills.hit and not kills.lost


def test_kill__archive(source: Path, tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"weights")
    work = partial(works.archive, source, tmp_path / "weights.pt", works.slow_engine)
    kills = kill_and_rerun(work, tmp_path, trials=6)
    assert kills.hit and kills.half_done and not kills.lost


def test_kill__render(tmp_path: Path) -> None:
    assert not kill_and_rerun(works.render, tmp_path, trials=1, seed=3).lost


def test_kill__loss_would_be_found(tmp_path: Path) -> None:
    kills = kill_and_rerun(_forgets, tmp_path, trials=2)
    assert kills.lost == ["a", "a"]


def _forgets(out: Path) -> None:
    """Write another file each time it is run into a new folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "a").write_text(out.parent.name)
