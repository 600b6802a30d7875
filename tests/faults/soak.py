"""The long form of the fault tests, written to benchmarks/faults.md: python -m tests.faults.soak."""

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo.anatomy import LEVELS
from spineyolo.errors import NotWrittenError
from spineyolo.evaluate.report import commit
from spineyolo.files import write_atomic
from tests.faults import works
from tests.faults.disks import can_mount, remount, small_disk
from tests.faults.fuzz import fuzz
from tests.faults.hostile import CASES, MEMORY_BOUND_BYTES, TIME_BOUND_S, attack
from tests.faults.kills import Work, contents, kill_and_rerun
from tests.faults.seeds import TARGETS
from tests.maskrcnn import made

console = Console()


def main(
    files: Annotated[int, typer.Option(help="garbled files a kind")] = 10_000,
    kills: Annotated[int, typer.Option(help="of each kind of work")] = 50,
    out: Annotated[Path, typer.Option(help="the report")] = Path("benchmarks/faults.md"),
) -> None:
    """Garble, attack, kill and fill the disk, and write what was lost; exit with 1 if anything was."""
    faults: list[str] = []
    lines = [
        "# faults",
        "",
        f"`{' '.join(['python -m tests.faults.soak', *sys.argv[1:]])}`, commit `{commit()}`:",
        "what was tried, how often, what was lost.",
        "",
        *_garbled(files, faults),
        *_hostile(faults),
        *_killed(kills, faults),
        *_disks(faults),
        f"**{len(faults)} faults.**",
        *(f"- {fault}" for fault in faults),
    ]
    write_atomic(out, ("\n".join(lines) + "\n").encode())
    console.print(f"{len(faults)} faults. Wrote {out}")
    if faults:
        raise typer.Exit(1)


def _garbled(files: int, faults: list[str]) -> Iterator[str]:
    yield from ("## Garbled files", "")
    yield "Sound files with bytes or JSON values changed at random (Hypothesis). Read: no refusal was noted. Refused: a"
    yield "sentence was noted for the film or a label. Anything else, another error or a hang, is a fault."
    yield from ("", "| kind | garbled files | read | refused | faults | seconds |", "|---|---|---|---|---|---|")
    for name in sorted(TARGETS):
        began, found = time.perf_counter(), 0
        try:
            with ProcessPoolExecutor(1, mp_context=get_context("fork")) as apart:  # compiled code may crash outright
                outcomes = apart.submit(fuzz, name, files).result()
        except Exception as error:  # whatever a reader raised is the finding
            faults.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")
            outcomes, found = {}, 1
        read, refused = outcomes.get("read", 0), outcomes.get("refused", 0)
        seconds = time.perf_counter() - began
        yield f"| {name} | {read + refused} | {read} | {refused} | {found} | {seconds:.0f} |"
        console.print(f"{name}: {read} read, {refused} refused, {found} faults")
    yield ""


def _hostile(faults: list[str]) -> Iterator[str]:
    yield from ("## Files made to do harm", "")
    yield f"Each in a process of its own, bounded by {TIME_BOUND_S:g} s and {MEMORY_BOUND_BYTES / 1e9:g} GB of memory."
    yield from ("", "| file | films read, refusals | seconds | MB more |", "|---|---|---|---|")
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            outcome = attack(name, Path(folder))
        yield f"| {name} | {outcome.said} | {outcome.seconds:.1f} | {outcome.memory_mb:.0f} |"
        if not outcome.harmless:
            faults.append(f"{name}: {outcome.said}")
    yield ""


def _killed(kills: int, faults: list[str]) -> Iterator[str]:
    yield from ("## Killed", "")
    yield "SIGKILL to the leading process at a random point of its course, then run again; every file is compared with"
    yield "those of an undisturbed run, byte for byte; of a training, every weight."
    yield from ("", "| work | kills before its end | half done then | files lost or different |", "|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        trained = {"training": partial(works.train, made.data_set(root / "films"))}
        for name, work in (_works(root) | trained).items():
            (root / name).mkdir()
            of_training = {"read": works.trained, "moment_s": 1.0} if name in trained else {}
            found = kill_and_rerun(work, root / name, kills, **of_training)
            yield f"| {name} | {found.hit} of {found.tried} | {found.half_done} | {len(found.lost)} |"
            faults += [f"{name}, killed: {file}" for file in found.lost]
            console.print(f"{name}: {found.hit} kills, {len(found.lost)} files lost")
    yield ""


def _disks(faults: list[str]) -> Iterator[str]:
    yield from ("## Full and read-only disks", "")
    if not can_mount():
        yield from ("Not tried: this user may not mount disks.", "")
        return
    yield from ("| work | disk | said | left | once there is room |", "|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, work in _works(root).items():
            work(root / f"{name} whole" / "out")
            for state in ("full", "ro"):
                with small_disk(root / f"{name} {state}", kilobytes=24) as disk:
                    if state == "ro":
                        remount(disk, "ro")
                    said = _refusal(work, disk / "out")
                    half = [file for file in contents(disk) if file.endswith(".partial")]
                    remount(disk, "rw,size=100000k")
                    work(disk / "out")
                    same = contents(disk / "out") == contents(root / f"{name} whole" / "out")
                said = said.replace(str(root), "…")
                yield f"| {name} | {state} | {said} | {len(half)} half files | {'the same' if same else 'other'} |"
                if half or not same or "not written" not in said:
                    faults.append(f"{name} on a disk that is {state}: {said}, {half}, the same: {same}")
    yield ""


def _refusal(work: Work, out: Path) -> str:
    try:
        work(out)
    except NotWrittenError as error:
        return str(error)
    return "nothing"


def _works(root: Path) -> dict[str, Work]:
    """Return the work to kill, its source and weights in `root`."""
    import torch  # noqa: PLC0415 - only now: spineyolo, imported first, keeps Ultralytics from installing things
    from ultralytics.nn.tasks import SegmentationModel  # noqa: PLC0415

    source, weights = root / "source", root / "weights.pt"
    if not source.exists():
        works.make_source(source)
        torch.manual_seed(0)
        network = SegmentationModel("yolov8n-seg.yaml", nc=24, verbose=False)
        network.names, network.args = dict(enumerate(LEVELS)), {"imgsz": 64}
        torch.save({"model": network, "train_args": {"imgsz": 64}}, weights)
    return {
        "conversion": partial(works.convert, source),
        "rendering": works.render,
        "archive": partial(works.archive, source, weights, None),
    }


if __name__ == "__main__":
    typer.run(main)
