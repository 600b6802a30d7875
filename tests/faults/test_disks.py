from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from spineyolo.errors import NotWrittenError
from spineyolo.files import write_atomic, writing_alone
from tests.faults import works
from tests.faults.disks import can_mount, remount, small_disk
from tests.faults.kills import Work, contents

root_only = pytest.mark.skipif(not can_mount(), reason="mounts a disk")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "weights.pt").write_bytes(b"weights")
    return works.make_source(tmp_path / "source")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", kilobytes=400) as folder:
        yield folder


def work_of(name: str, source: Path) -> Work:
    if name == "conversion":
        return partial(works.convert, source)
    return partial(works.archive, source, source.parent / "weights.pt", works.slow_engine)


@root_only
def test_write_atomic__a_full_disk_leaves_the_old_file(disk: Path) -> None:
    write_atomic(disk / "a.bin", b"old")
    with pytest.raises(NotWrittenError, match=r"a\.bin: not written, No space left"):
        write_atomic(disk / "a.bin", bytes(1_000_000))
    assert contents(disk) == {"a.bin": b"old"}


@root_only
@pytest.mark.parametrize("name", ["conversion", "archive"])
def test_full_disk__a_sentence_and_the_rest_once_there_is_room(
    name: str, source: Path, disk: Path, tmp_path: Path
) -> None:
    work = work_of(name, source)
    remount(disk, "size=40k" if name == "archive" else "size=400k")
    with pytest.raises(NotWrittenError, match="No space left"):
        work(disk / "out")
    assert not [file for file in contents(disk) if file.endswith(".partial")]
    remount(disk, "size=20000k")
    work(disk / "out")
    work(tmp_path / "whole" / "out")
    assert contents(disk / "out") == contents(tmp_path / "whole" / "out")


@root_only
@pytest.mark.parametrize("name", ["conversion", "archive"])
def test_read_only__a_sentence_and_nothing_written(name: str, source: Path, disk: Path) -> None:
    remount(disk, "ro")
    with pytest.raises(NotWrittenError, match="Read-only file system"):
        work_of(name, source)(disk / "out")
    assert not contents(disk)


def test_writing_alone__a_second_run_waits_then_says_so(tmp_path: Path) -> None:
    with writing_alone(tmp_path), pytest.raises(NotWrittenError, match="another run"), writing_alone(tmp_path, 0.1):
        pass
    with writing_alone(tmp_path, 0.1):
        pass


def test_writing_alone__what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ".film.png.abcd.partial").write_bytes(b"half")
    with writing_alone(tmp_path):
        assert not contents(tmp_path)


def test_convert__two_at_once_into_one_folder(source: Path, tmp_path: Path) -> None:
    work = partial(works.convert, source)
    both = [get_context("fork").Process(target=work, args=(tmp_path / "both" / "out",)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    work(tmp_path / "alone" / "out")
    assert [process.exitcode for process in both] == [0, 0]  # one waited
    assert contents(tmp_path / "both" / "out") == contents(tmp_path / "alone" / "out")
