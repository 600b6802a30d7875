from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import pytest
import requests
from roboflow.adapters import rfapi
from roboflow_standin import KEY, LINK_KEY, PROJECT, WORKSPACE, StandIn

from spineyolo.errors import BadInputError
from spineyolo.roboflow_sync.api import Patience, RoboflowCallError, RoboflowProject, redact, split_reference


def everything_said_by(error: BaseException) -> str:
    """Return a trace as it would be printed, and what the exceptions behind it hold even if a trace hides them."""
    texts = ["".join(traceback.format_exception(error))]
    seen: list[BaseException] = [error]
    for one in seen:
        texts.append(f"{one!r} {one.args} {vars(one)}")
        seen += [other for other in (one.__cause__, one.__context__) if other is not None and other not in seen]
    return "\n".join(texts)


@pytest.mark.parametrize("fault", [401, 404, 429, 500, "drop", "lost", "cut", "text"])
def test_call__no_error_holds_the_key(standin: StandIn, fault: int | str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    standin.faults["project"] += [fault] * 3
    with pytest.raises(RoboflowCallError) as caught:
        RoboflowProject(WORKSPACE, PROJECT, Patience(3, 0.001, 0.001))
    assert KEY not in everything_said_by(caught.value)
    assert caplog.records and KEY not in caplog.text
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_call__no_server_at_all_is_said_without_the_key(standin: StandIn) -> None:
    standin.server.shutdown()
    standin.server.server_close()
    with pytest.raises(requests.ConnectionError, match=KEY):  # what the SDK's own error shows
        rfapi.get_project(KEY, WORKSPACE, PROJECT)
    with pytest.raises(RoboflowCallError, match=r"api_key=\*\*\*") as caught:
        RoboflowProject(WORKSPACE, PROJECT, Patience(2, 0.001, 0.001))
    assert KEY not in everything_said_by(caught.value)


def test_download__no_error_holds_the_secret_of_the_link(
    standin: StandIn, project: RoboflowProject, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    standin.faults["download"] += [404]
    with pytest.raises(RoboflowCallError) as caught:
        project.download(f"{standin.url}/exports/1/yolov8?key={LINK_KEY}", tmp_path / "x.zip", 1000)
    assert LINK_KEY not in everything_said_by(caught.value) and LINK_KEY not in caplog.text


def test_project__its_repr_does_not_hold_the_key(project: RoboflowProject) -> None:
    assert KEY not in f"{project} {project!r}"


def test_call__a_refusal_is_not_asked_again(standin: StandIn) -> None:
    standin.faults["project"] += [401]
    with pytest.raises(RoboflowCallError, match="after 1 tries, HTTP 401"):
        RoboflowProject(WORKSPACE, PROJECT, Patience(5, 0.001, 0.001))
    assert standin.calls["project"] == 1


def test_call__tries_as_often_as_it_may(standin: StandIn) -> None:
    standin.faults["project"] += [503] * 9
    with pytest.raises(RoboflowCallError, match="after 3 tries, HTTP 503"):
        RoboflowProject(WORKSPACE, PROJECT, Patience(3, 0.001, 0.001))
    assert standin.calls["project"] == 3


def test_wait_s__doubles_up_to_its_limit() -> None:
    patience = Patience(first_wait_s=1.0, longest_wait_s=8.0)
    for failures, longest in ((1, 1.0), (2, 2.0), (4, 8.0), (9, 8.0)):
        waits = [patience.wait_s(failures) for _ in range(200)]
        assert longest / 2 <= min(waits) < max(waits) <= longest


def test_project__without_a_key_says_where_it_is_had(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROBOFLOW_API_KEY")
    with pytest.raises(RoboflowCallError, match=r"ROBOFLOW_API_KEY or from `roboflow login`"):
        RoboflowProject(WORKSPACE, PROJECT)
    assert not standin.calls


def test_project__takes_the_key_of_the_sdks_own_login(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ROBOFLOW_API_KEY")
    config = tmp_path / "config.json"
    login = {"workspaces": {"w1": {"url": WORKSPACE, "apiKey": KEY}}, "RF_WORKSPACE": WORKSPACE}
    config.write_text(json.dumps(login))
    monkeypatch.setenv("ROBOFLOW_CONFIG_DIR", str(config))
    assert RoboflowProject(WORKSPACE, PROJECT).info()["project"]["id"] == f"{WORKSPACE}/{PROJECT}"


@pytest.mark.parametrize("config", ["{", '{"workspaces": {}, "RF_WORKSPACE": "bones"}', '{"workspaces": 3}'])
def test_project__a_damaged_login_is_no_key(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str
) -> None:
    monkeypatch.delenv("ROBOFLOW_API_KEY")
    (tmp_path / "config.json").write_text(config)
    monkeypatch.setenv("ROBOFLOW_CONFIG_DIR", str(tmp_path / "config.json"))
    with pytest.raises(RoboflowCallError, match="found none"):
        RoboflowProject(WORKSPACE, PROJECT)


def test_project__one_that_keeps_no_outlines_is_refused(standin: StandIn) -> None:
    standin.type = "object-detection"
    with pytest.raises(BadInputError, match="instance-segmentation, found object-detection"):
        RoboflowProject(WORKSPACE, PROJECT)


def test_redact__every_spelling_of_a_key() -> None:
    text = "GET /x?api_key=a+b/c== and a%2Bb%2Fc%3D%3D and a%2Bb/c%3D%3D, https://s/f.zip?X-Goog-Signature=0123&n=1"
    assert redact(text, "a+b/c==") == "GET /x?api_key=*** and *** and ***, https://s/f.zip?X-Goog-Signature=***&n=1"


@pytest.mark.parametrize("text", ["spine", "a/b/c", "../x", "a/b/1/2", "https://app.roboflow.com/a/b", "a/b?x=1"])
def test_split_reference__what_is_none_is_said(text: str) -> None:
    with pytest.raises(BadInputError, match="WORKSPACE/PROJECT"):
        split_reference(text)


def test_split_reference__with_and_without_version() -> None:
    assert split_reference("bones/spine-1/12") == ("bones", "spine-1", 12)
    assert split_reference("bones/spine") == ("bones", "spine", None)
