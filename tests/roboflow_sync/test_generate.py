from __future__ import annotations

from pathlib import Path

import pytest
from roboflow_standin import StandIn

from spineyolo.errors import BadInputError
from spineyolo.roboflow_sync.api import RoboflowCallError, RoboflowProject
from spineyolo.roboflow_sync.generate import read_settings
from spineyolo.roboflow_sync.push import push

SETTINGS = Path(__file__).parents[2] / "yolo_configs" / "roboflow-version.yaml"


def test_generate__makes_a_version_by_the_committed_settings(
    standin: StandIn, project: RoboflowProject, data: Path
) -> None:
    push(project, data)
    assert project.generate(read_settings(SETTINGS)) == 1
    assert project.wait_for_version(1)["images"] == 7
    assert standin.versions[1]["preprocessing"]["resize"]["format"] == "Fit within"
    assert standin.versions[1]["splits"] == {"train": 5, "valid": 1, "test": 1}


@pytest.mark.parametrize("fault", [429, 500, "drop", "lost", "cut", "text"])
def test_generate__one_version_comes_whatever_happens_to_the_answer(
    standin: StandIn, project: RoboflowProject, data: Path, fault: int | str
) -> None:
    push(project, data)
    standin.faults["generate"] += [fault]
    assert project.generate(read_settings(SETTINGS)) == 1
    assert [*standin.versions] == [1]


def test_wait_for_version__that_never_comes_is_said(standin: StandIn, project: RoboflowProject) -> None:
    with pytest.raises(RoboflowCallError, match="looking version 3 up failed"):
        project.wait_for_version(3)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("preprocessing: {resize: {width: 640, height: 640, format: Stretch to}}\naugmentation: {}", "Fit within"),
        ("preprocessing: {resize: {width: 640, height: 640}}\naugmentation: {}", "Fit within"),
        ("preprocessing: {resize: {format: Fit (reflect edges) in}}\naugmentation: {}", "Fit within"),
        ("preprocessing: {}\naugmentation: {flip: {horizontal: true, vertical: true}}", "stands on its head"),
        ("preprocessing: {}\naugmentation: {bbflip: {vertical: true}}", "stands on its head"),
        ("preprocessing: {}\naugmentation: {flip: yes}", "stands on its head"),
        ("preprocessing: {}\naugmentation: {shear: {horizontal: 5}}", "it bends angles"),
        ("preprocessing: {}\naugmentation: {bbninety: {upside-down: true}}", "on its side"),
        ("preprocessing: {}", "the keys preprocessing and augmentation"),
        ("preprocessing: []\naugmentation: {}", "a mapping"),
        ("- 1", "the keys"),
        ("a: [", "YAML"),
        ("!!python/object/apply:os.getcwd []", "YAML"),
    ],
)
def test_read_settings__what_spoils_a_film_is_refused(tmp_path: Path, settings: str, reason: str) -> None:
    path = tmp_path / "version.yaml"
    path.write_text(settings)
    with pytest.raises(BadInputError, match=reason):
        read_settings(path)


def test_read_settings__a_horizontal_flip_may_be(tmp_path: Path) -> None:
    path = tmp_path / "version.yaml"
    path.write_text("preprocessing: {}\naugmentation: {flip: {horizontal: true, vertical: false}}")
    assert read_settings(path)["augmentation"] == {"flip": {"horizontal": True, "vertical": False}}
