"""Both engines with a small network: the same rows for the same films, and bad films apart."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pebble import ProcessExpired, ProcessFuture
from ultralytics.nn.tasks import SegmentationModel

from spineyolo.anatomy import LEVELS
from spineyolo.archive import engine_local
from spineyolo.archive.result import FilmResult, Model
from spineyolo.errors import BadInputError

FILMS = ["a.png", "b.png", "cut.png", "deep/c.png"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    torch.manual_seed(0)
    network = SegmentationModel("yolov8n-seg.yaml", nc=24, verbose=False)
    network.names, network.args = dict(enumerate(LEVELS)), {"imgsz": 64}
    path = tmp_path_factory.mktemp("weights") / "untrained.pt"
    torch.save({"model": network, "train_args": {"imgsz": 64}}, path)
    return Model(path, 64)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    (folder / "deep").mkdir()
    rng = np.random.default_rng(0)
    for film in FILMS:
        cv2.imwrite(str(folder / film), rng.integers(0, 255, (150, 60), np.uint8))
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:200])
    return folder


@pytest.fixture(scope="module")
def local(source: Path, model: Model) -> list[FilmResult]:
    return list(engine_local.run(FILMS, source, model, workers=1))


def test_local__one_result_a_film_in_their_order(local: list[FilmResult]) -> None:
    assert [result.film for result in local] == FILMS
    assert [result.reason is None for result in local] == [True, True, False, True]
    assert "cut.png" in str(local[2].reason)
    assert local[3].films[0]["width_px"] == 60 and local[3].films[0]["film"] == "deep/c.png"
    assert local[0].measurements and all(row["reason"] for row in local[0].measurements if row["value"] is None)


def test_local__a_result_survives_being_sent(local: list[FilmResult]) -> None:
    assert [FilmResult.from_json(result.to_json()) for result in local] == local


def test_local__a_film_that_kills_its_process_is_quarantined() -> None:
    died, slow = ProcessFuture(), ProcessFuture()
    died.set_exception(ProcessExpired("Abnormal termination", -11))
    slow.set_exception(TimeoutError())
    assert "died" in str(engine_local._outcome("a.png", died).reason)
    assert "more than 300 s" in str(engine_local._outcome("a.png", slow).reason)


def test_local__missing_weights_are_named_at_once(source: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.pt"):
        list(engine_local.run(FILMS, source, Model(tmp_path / "none.pt"), workers=1))


def test_ray__the_same_rows_as_on_this_machine(
    source: Path, model: Model, local: list[FilmResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_worker_niceness", "0")
    from spineyolo.archive import engine_ray  # noqa: PLC0415 - not everyone has Ray

    found = sorted(engine_ray.run(FILMS, source, model, address=None), key=lambda result: result.film)
    assert found == sorted(local, key=lambda result: result.film)
