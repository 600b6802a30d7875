from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from roboflow_standin import StandIn

from spineyolo import version
from spineyolo.errors import BadInputError
from spineyolo.files import read_json
from spineyolo.roboflow_sync import push as pushing
from spineyolo.roboflow_sync.api import RoboflowCallError, RoboflowProject
from spineyolo.roboflow_sync.push import outgoing, push

FILMS = 7


def test_push__pixels_outlines_levels_splits_and_tags_arrive(
    standin: StandIn, project: RoboflowProject, data: Path
) -> None:
    report = push(project, data)
    assert report.films == {"sent": FILMS} and not (report.failed or report.other_split or report.outdated)
    there = standin.by_name()
    truth = {split: read_json(data / "annotations" / f"{split}.json") for split in ("train", "val", "test")}
    for split, name in (("train", "train"), ("val", "valid"), ("test", "test")):
        images = {
            Path(one["file_name"]).stem: one["id"] for one in truth[split]["images"] if "_w" not in one["file_name"]
        }
        assert images.keys() == {film for film, image in there.items() if image.split == name}
        for film, number in images.items():
            assert there[film].content == (data / "images" / split / f"{film}.png").read_bytes()
            assert there[film].tags == ["made", "lateral"]
            sent = there[film].coco
            assert sent is not None
            expected = [one for one in truth[split]["annotations"] if one["image_id"] == number]
            assert [one["category_id"] for one in sent["annotations"]] == [one["category_id"] for one in expected]
            for mine, theirs in zip(expected, sent["annotations"], strict=True):
                np.testing.assert_allclose(mine["segmentation"], theirs["segmentation"], atol=1e-9)
            assert there[film].labels()[0] == "L1" and len(there[film].labels()) == 17
    assert version.read(data).id in next(iter(there.values())).batch


def test_push__what_is_there_is_not_sent_again(standin: StandIn, project: RoboflowProject, data: Path) -> None:
    push(project, data)
    sent = dict(standin.calls)
    assert push(project, data).films == {"there": FILMS}
    assert standin.calls["upload"] == sent["upload"] == FILMS and standin.calls["annotate"] == sent["annotate"]


def test_push__a_push_that_was_cut_off_goes_on(standin: StandIn, project: RoboflowProject, data: Path) -> None:
    push(project, data)
    lost = [*standin.images.values()]
    lost[0].coco = None  # as if the run was killed between pixels and labels
    del standin.images[lost[1].id]
    before = standin.calls["upload"]
    assert push(project, data).films == {"sent": 1, "relabelled": 1, "there": FILMS - 2}
    assert standin.calls["upload"] == before + 1
    assert all(image.coco is not None for image in standin.by_name().values())


@pytest.mark.parametrize("fault", [429, 500, 503, "drop", "lost", "text", "cut"])
@pytest.mark.parametrize("endpoint", ["search", "upload", "annotate"])
def test_push__gets_through_after_faults(
    standin: StandIn, project: RoboflowProject, data: Path, endpoint: str, fault: int | str
) -> None:
    standin.faults[endpoint] += [fault, fault]
    report = push(project, data)
    assert not report.failed and report.films.total() == FILMS
    assert all(len(image.labels()) == 17 for image in standin.by_name().values())
    assert len(standin.by_name()) == FILMS and not standin.faults[endpoint]


def test_push__a_film_that_is_refused_is_named_and_the_others_go_on(
    standin: StandIn, project: RoboflowProject, data: Path
) -> None:
    standin.faults["upload"].append(413)
    report = push(project, data)
    assert report.films == {"sent": FILMS - 1} and len(standin.images) == FILMS - 1
    (failed,) = report.failed
    assert "made_" in failed and "HTTP 413" in failed and "fault 413" in failed


def test_push__ends_where_nothing_gets_through(standin: StandIn, project: RoboflowProject, data: Path) -> None:
    standin.faults["upload"] += [500] * 1000
    with pytest.raises(RoboflowCallError, match=f"none of {FILMS} films got through"):
        push(project, data)


def test_push__pages_through_what_is_there(
    standin: StandIn, project: RoboflowProject, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(project, data)
    monkeypatch.setattr(pushing, "_PAGE", 3)
    assert push(project, data).films == {"there": FILMS}


def test_push__new_labels_replace_old_ones(
    standin: StandIn, project: RoboflowProject, data: Path, tmp_path: Path
) -> None:
    push(project, data)
    changed = tmp_path / "spine"
    shutil.copytree(data, changed)
    path = changed / "annotations" / "val.json"
    document = json.loads(path.read_text())
    document["annotations"].pop()
    path.write_text(json.dumps(document))
    assert push(project, changed).films == {"relabelled": 1, "there": FILMS - 1}
    (film,) = [image for image in standin.images.values() if image.split == "valid"]
    assert len(film.labels()) == 16
    assert push(project, changed).films == {"there": FILMS}


def test_push__other_pixels_and_other_splits_there_are_named(
    standin: StandIn, project: RoboflowProject, data: Path
) -> None:
    push(project, data)
    first, second, *_ = standin.images.values()
    first.metadata["image_sha256"] = "of an older film"
    first.content = b"older"
    second.split = "test" if second.split == "train" else "train"
    report = push(project, data)
    assert report.films == {"sent": 1, "there": FILMS - 1}
    assert report.outdated == [f"{first.name.removesuffix('.png')} ({first.id})"]
    assert report.other_split == [second.name.removesuffix(".png")]


def test_outgoing__flawed_films_are_tagged_and_hashes_are_true(data: Path, tmp_path: Path) -> None:
    changed = tmp_path / "spine"
    shutil.copytree(data, changed)
    lines = (changed / "manifest.csv").read_text().replace("17,,,", "17,order,,", 1)
    (changed / "manifest.csv").write_text(lines)
    films = outgoing(changed)
    assert [film.tags for film in films].count(("made", "lateral", "flawed")) == 1
    for film in films:
        assert film.metadata["image_sha256"] == hashlib.sha256(film.path.read_bytes()).hexdigest()


def test_push__without_a_conversion_it_says_so(project: RoboflowProject, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="manifest of a converted data set"):
        push(project, tmp_path)
