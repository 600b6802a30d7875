"""The real SDK, pointed at the stand-in by its own settings; nothing else can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import roboflow.config
from columns import SOURCE, column
from roboflow.adapters import rfapi
from roboflow_standin import KEY, PROJECT, WORKSPACE, StandIn

from spineyolo.dataset import build
from spineyolo.formats import coco
from spineyolo.roboflow_sync.api import Patience, RoboflowProject

QUICK = Patience(tries=4, first_wait_s=0.001, longest_wait_s=0.002, poll_s=0.001, ready_s=5)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    with StandIn() as server:
        with monkeypatch.context() as settings:
            settings.setenv("API_URL", server.url)
            settings.setenv("ROBOFLOW_API_KEY", KEY)
            settings.setenv("ROBOFLOW_CONFIG_DIR", str(tmp_path / "no_config.json"))
            settings.setenv("NO_PROXY", "127.0.0.1")
            roboflow.config.refresh_region_urls()
            assert server.url == rfapi.API_URL
            yield server
        roboflow.config.refresh_region_urls()
    assert server.unexpected == []


@pytest.fixture
def project(standin: StandIn) -> RoboflowProject:
    return RoboflowProject(WORKSPACE, PROJECT, QUICK)


def drawn_source(root: Path, names: str = "abcdefg") -> Path:
    """Draw one film a name, each with T1…L5, and label them."""
    root.mkdir()
    rng = np.random.default_rng(0)
    for name in names:
        blocks = rng.integers(40, 200, (45, 15), np.uint8)
        cv2.imwrite(str(root / f"{name}_1.png"), np.kron(blocks, np.ones((20, 20), np.uint8)))
    coco.write([column(path) for path in sorted(root.glob("*.png"))], root / "annotations.json")
    return root


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted data set of 7 drawn films (5 train, 1 val, 1 test) and the windows cut from those to learn from."""
    folder = tmp_path_factory.mktemp("roboflow")
    report = build([(SOURCE, drawn_source(folder / "source"))], folder / "spine", seed=0, workers=1)
    assert (report.manifest["window"] != "").any() and not report.skipped.errors
    return folder / "spine"
