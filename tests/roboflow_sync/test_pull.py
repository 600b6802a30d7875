from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from roboflow_standin import KEY, LINK_KEY, PROJECT, WORKSPACE, StandIn

from spineyolo.errors import BadInputError, Skipped
from spineyolo.film import Film
from spineyolo.formats import READERS, coco
from spineyolo.roboflow_sync.api import RoboflowCallError, RoboflowProject
from spineyolo.roboflow_sync.generate import read_settings
from spineyolo.roboflow_sync.pull import SOURCES, Lock, pull, read_lock
from spineyolo.roboflow_sync.push import push
from spineyolo.sources import load_source

ROOT = Path(__file__).parents[2]
YOLO = Lock(WORKSPACE, PROJECT, 1, "yolov8")


@pytest.fixture
def made(standin: StandIn, project: RoboflowProject, data: Path) -> RoboflowProject:
    """The project, with every film pushed and version 1 made."""
    push(project, data)
    project.generate(read_settings(ROOT / "yolo_configs" / "roboflow-version.yaml"))
    return project


def films_of(folder: Path, export_format: str) -> list[Film]:
    """Return what the reader of the committed source makes of a pulled folder; nothing may be skipped."""
    source, skipped = load_source(ROOT / "datasets" / "sources" / f"{SOURCES[export_format]}.yaml"), Skipped()
    films = list(READERS[source.format or ""](folder, source, skipped))
    assert not skipped.errors
    return films


@pytest.mark.parametrize("export_format", SOURCES)
def test_pull__comes_back_as_it_was_pushed(
    made: RoboflowProject, data: Path, tmp_path: Path, export_format: str
) -> None:
    folder, fetched = pull(made, replace(YOLO, format=export_format), tmp_path / "datasets")
    assert fetched and folder == tmp_path / "datasets" / "roboflow"
    source = load_source(ROOT / "datasets" / "sources" / "phantom.yaml")
    pushed: dict[str, Film] = {}
    for split in ("train", "val", "test"):
        options = {"annotations": f"annotations/{split}.json", "images": f"images/{split}"}
        films = coco.read(data, replace(source, options=options), Skipped())
        pushed |= {film.path.stem: replace(film, split=split) for film in films if "_w" not in film.path.stem}
    pulled = {film.subject: film for film in films_of(folder, export_format)}
    assert pulled.keys() == pushed.keys()
    for name, film in pulled.items():
        assert (film.width, film.height, film.split) == (pushed[name].width, pushed[name].height, pushed[name].split)
        for mine, theirs in zip(pushed[name].vertebrae, film.vertebrae, strict=True):
            assert mine.level == theirs.level and not theirs.box_only
            np.testing.assert_allclose(mine.polygon, theirs.polygon, atol=0.01)


def test_pull__pins_what_came_and_fetches_it_once(standin: StandIn, made: RoboflowProject, tmp_path: Path) -> None:
    folder, _ = pull(made, YOLO, tmp_path)
    lock = read_lock(tmp_path / "roboflow.lock.yaml")
    assert lock is not None and replace(lock, sha256="") == YOLO and len(lock.sha256) == 64
    calls = dict(standin.calls)
    assert pull(made, lock, tmp_path) == pull(made, YOLO, tmp_path) == (folder, False)
    assert standin.calls == calls
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or not {KEY, LINK_KEY} & set(path.read_bytes().decode("latin-1").split())


def test_pull__another_export_of_the_pinned_version_is_refused(
    standin: StandIn, made: RoboflowProject, tmp_path: Path
) -> None:
    folder, _ = pull(made, YOLO, tmp_path)
    before = (tmp_path / "roboflow.lock.yaml").read_text()
    (folder / "roboflow.lock.yaml").unlink()
    films = sorted(path.name for path in folder.rglob("*.jpg"))
    standin.exports[1, "yolov8"] += b" "
    with pytest.raises(BadInputError, match=r"an export of SHA-256 \w{64} as roboflow.lock.yaml pins it, found \w{64}"):
        pull(made, YOLO, tmp_path)
    assert (tmp_path / "roboflow.lock.yaml").read_text() == before
    assert sorted(path.name for path in folder.rglob("*.jpg")) == films  # the old one is untouched
    assert not list(tmp_path.rglob("*.zip"))


@pytest.mark.parametrize("fault", [429, 500, "drop", "lost", "cut"])
@pytest.mark.parametrize("endpoint", ["version", "export", "download"])
def test_pull__gets_through_after_faults(
    standin: StandIn, made: RoboflowProject, tmp_path: Path, endpoint: str, fault: int | str
) -> None:
    standin.faults[endpoint] += [fault, fault]
    folder, _ = pull(made, YOLO, tmp_path)
    assert len(films_of(folder, "yolov8")) == 7 and not standin.faults[endpoint]


def test_pull__a_zip_that_is_cut_off_every_time_leaves_nothing(
    standin: StandIn, made: RoboflowProject, tmp_path: Path
) -> None:
    standin.faults["download"] += ["cut"] * 20
    with pytest.raises(RoboflowCallError, match="downloading failed after 4 tries"):
        pull(made, YOLO, tmp_path)
    assert not (tmp_path / "roboflow").exists() and not (tmp_path / "roboflow.lock.yaml").exists()
    assert not list(tmp_path.rglob("*.zip"))


def test_pull__a_zip_that_is_stored_cut_leaves_nothing(standin: StandIn, made: RoboflowProject, tmp_path: Path) -> None:
    made.wait_for_export(1, "yolov8")
    standin.exports[1, "yolov8"] = standin.exports[1, "yolov8"][:-500]
    with pytest.raises(BadInputError, match="a whole zip file"):
        pull(made, YOLO, tmp_path)
    assert not (tmp_path / "roboflow").exists() and not (tmp_path / "roboflow.lock.yaml").exists()


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "train/../../evil.txt"])
def test_pull__a_path_that_leaves_the_folder_is_refused(
    standin: StandIn, made: RoboflowProject, tmp_path: Path, name: str
) -> None:
    made.wait_for_export(1, "yolov8")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.yaml", "names: [L1]")
        archive.writestr(name, "evil")
    standin.exports[1, "yolov8"] = buffer.getvalue()
    with pytest.raises(BadInputError, match="paths within the archive's folder"):
        pull(made, YOLO, tmp_path / "datasets")
    assert not list(tmp_path.rglob("evil.txt")) and not (tmp_path / "datasets" / "roboflow").exists()


def test_pull__a_version_that_is_not_there_is_said_at_once(
    standin: StandIn, made: RoboflowProject, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match=r"bones/spine/9: expected one of the versions \[1\]"):
        pull(made, replace(YOLO, version=9), tmp_path)
    assert not standin.calls["version"] and not list(tmp_path.iterdir())


def test_pull__an_export_of_another_kind_is_refused(standin: StandIn, made: RoboflowProject, tmp_path: Path) -> None:
    made.wait_for_export(1, "coco-segmentation")
    made.wait_for_export(1, "yolov8")
    standin.exports[1, "yolov8"] = standin.exports[1, "coco-segmentation"]
    with pytest.raises(BadInputError, match=r"an export with data\.yaml"):
        pull(made, YOLO, tmp_path)


def test_pull__another_version_replaces_the_one_there(standin: StandIn, made: RoboflowProject, tmp_path: Path) -> None:
    folder, _ = pull(made, YOLO, tmp_path)
    del standin.images[next(iter(standin.images))]
    assert made.generate({"preprocessing": {}, "augmentation": {}}) == 2
    pull(made, replace(YOLO, version=2), tmp_path)
    assert len(films_of(folder, "yolov8")) == 6
    pinned = read_lock(tmp_path / "roboflow.lock.yaml")
    assert pinned is not None and pinned.version == 2 and pinned == read_lock(folder / "roboflow.lock.yaml")


def test_pull__what_a_killed_run_left_is_no_hindrance(made: RoboflowProject, tmp_path: Path) -> None:
    left = tmp_path / ".roboflow" / "roboflow"
    left.mkdir(parents=True)
    (left / "data.yaml").write_text("half")
    (tmp_path / ".roboflow" / "export.zip").write_text("half")
    folder, _ = pull(made, YOLO, tmp_path)
    assert len(films_of(folder, "yolov8")) == 7 and not left.exists()


@pytest.mark.parametrize(
    "content", ["workspace: a", "[]", "a: [", "{workspace: a, project: b, version: x, format: yolov8}"]
)
def test_read_lock__what_is_none_is_said(tmp_path: Path, content: str) -> None:
    path = tmp_path / "roboflow.lock.yaml"
    path.write_text(content)
    with pytest.raises(BadInputError, match=r"roboflow\.lock\.yaml"):
        read_lock(path)
