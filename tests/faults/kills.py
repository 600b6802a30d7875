"""Long work killed at random points and run again: what it leaves must be what an undisturbed run leaves."""

import multiprocessing
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[Path], object]
"""What is killed: it writes into the folder it is given, and can be run again into the same one."""

Read = Callable[[Path], dict[str, bytes]]
"""What is compared of such a folder, by name."""


@dataclass(frozen=True)
class Kills:
    """What came of killing.

    Attributes:
        tried: how often the work was run to be killed.
        hit: how often the kill came before the work's end.
        half_done: how often the folder was not yet as it should be, before the rerun.
        lost: files that were missing, too many or different after the rerun, all trials together.
    """

    tried: int
    hit: int
    half_done: int
    lost: list[str]


def kill_and_rerun(
    work: Work, folder: Path, trials: int, seed: int = 0, read: Read | None = None, moment_s: float = 0.02
) -> Kills:
    """Run work into a fresh folder, kill it at a random point of its course, run it again, and compare; so many times.

    The point is when a random number of the files it writes are there, and a random moment later.

    Args:
        work: what is killed.
        folder: for all trials.
        trials: how many.
        seed: of the points.
        read: what of a folder must come out the same; every byte of every file if None.
        moment_s: the longest moment; long where one file stays for long the latest.

    Raises:
        RuntimeError: if the work fails when nobody disturbs it.
    """
    chance, read = random.Random(seed), read or contents
    whole = folder / "undisturbed" / "out"
    _run(work, whole)
    expected, files = read(whole), _count(whole)
    hit, half_done, lost = 0, 0, []
    for trial in range(trials):
        out = folder / f"killed_{trial}" / "out"
        process = _context().Process(target=work, args=(out,))
        process.start()
        _wait_for_files(process, out, chance.randrange(files))
        time.sleep(chance.uniform(0, moment_s))
        hit += process.is_alive()
        process.kill()
        process.join()
        half_done += read(out) != expected
        _run(work, out)
        found = read(out)
        lost += [name for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]
    return Kills(trials, hit, half_done, lost)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, the lock left out."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def _count(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def _wait_for_files(process: multiprocessing.process.BaseProcess, folder: Path, count: int) -> None:
    while process.is_alive() and _count(folder) < count:
        time.sleep(0.001)


def _run(work: Work, out: Path) -> None:
    process = _context().Process(target=work, args=(out,))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"undisturbed work ended with exit code {process.exitcode}")


def _context() -> multiprocessing.context.ForkContext:
    return multiprocessing.get_context("fork")
