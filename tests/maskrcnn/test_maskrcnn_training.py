import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from maskrcnn import made
from rich.console import Console

from spineyolo.detect.maskrcnn import MaskRCNNDetector
from spineyolo.errors import BadInputError
from spineyolo.maskrcnn import checkpoint
from spineyolo.maskrcnn.training import BEST_BY, rate_at, train
from spineyolo.maskrcnn.validation import read_truth, validate

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "train_maskrcnn.py"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.data_set(tmp_path_factory.mktemp("films"))


@pytest.fixture(autouse=True)
def _one_thread() -> object:
    """Sums split over threads round differently."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoint.read(folder / "last.pt")["network"]


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def test_train__rendered_films_are_learnt(films: Path, tmp_path: Path) -> None:
    recipe = made.recipe(films, epochs=1, batch=1)
    listed = (films / "train.txt").read_text()
    try:
        (films / "train.txt").write_text(listed * 30)  # one epoch of 60 steps, so that validation runs once
        state = train(recipe, tmp_path, Console(quiet=True))
    finally:
        (films / "train.txt").write_text(listed)
    assert state.steps == 60
    assert state.history[0]["box_agnostic_mAP50"] > 0.95
    assert state.history[0]["mask_agnostic_mAP50-95"] > 0.6
    assert state.history[0]["identification"] > 0.9
    again = validate(checkpoint.load_network(tmp_path / "best.pt"), films, read_truth(films))  # in half precision
    assert again[BEST_BY] == pytest.approx(state.best, abs=0.03)
    assert (tmp_path / "best.pt").stat().st_size < 40e6
    assert MaskRCNNDetector(tmp_path / "best.pt").imgsz == 192


def test_train__killed_and_resumed_equals_undisturbed(films: Path, tmp_path: Path) -> None:
    recipe = made.recipe(films, epochs=3)
    train(recipe, tmp_path / "whole", Console(quiet=True))
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(made.content(films, epochs=3)))
    command = [sys.executable, str(TOOL), str(tmp_path / "recipe.yaml"), "--out", str(tmp_path)]
    run = subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = tmp_path / "tiny"
    deadline = time.monotonic() + 120
    while not (folder / "last.pt").exists() and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert 0 < checkpoint.read(folder / "last.pt")["state"]["epoch"] < 3
    state = train(recipe, folder, Console(quiet=True), resume=True)
    assert (state.epoch, state.steps) == (3, 3)
    whole, resumed = _weights(tmp_path / "whole"), _weights(folder)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_train__two_processes_learn_together(films: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(made.content(films, epochs=1)))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, str(TOOL), str(tmp_path / "recipe.yaml"), "--out", str(tmp_path)]
    run = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "on 2 x cpu" in run.stdout and run.stdout.count("Wrote") == 1
    assert checkpoint.read(tmp_path / "tiny" / "last.pt")["state"]["steps"] == 1


def test_train__budget_ends_it_and_a_run_is_not_overwritten(films: Path, tmp_path: Path) -> None:
    recipe = made.recipe(films, epochs=500)
    state = train(recipe, tmp_path, Console(quiet=True), hours=2 / 3600)
    assert 0 < state.epoch < 500
    with pytest.raises(BadInputError, match="--resume"):
        train(recipe, tmp_path, Console(quiet=True))


def test_train__nothing_to_resume_is_said(films: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"last\.pt"):
        train(made.recipe(films), tmp_path, Console(quiet=True), resume=True)


def test_rate_at__rises_then_falls_to_its_end(tmp_path: Path) -> None:
    recipe = made.recipe(tmp_path, warmup_steps=9, final_rate=0.1)
    assert rate_at(0, 0.0, recipe) == pytest.approx(0.1)
    assert rate_at(9, 0.0, recipe) == pytest.approx(1.0)
    assert rate_at(500, 0.5, recipe) == pytest.approx(0.55)
    assert rate_at(1000, 1.0, recipe) == pytest.approx(0.1)
