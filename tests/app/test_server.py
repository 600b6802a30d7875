from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from spineyolo.app.server import make_app
from spineyolo.app.session import Sessions
from spineyolo.detect import Detector


@pytest.fixture(scope="module")
def client(detector: Detector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(make_app(detector, tmp_path_factory.mktemp("uploads"), Sessions())) as client:
        yield client


def test_page__loads_nothing_from_elsewhere_and_says_so(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy
    assert "googleapis" not in answer.text and "cdnjs" not in answer.text
    assert '"analytics_enabled":false' in answer.text.replace(" ", "")


@pytest.mark.parametrize("path", ["/film/x/film-1.png.jpg", "/take/x.zip", "/gradio_api/deep_link?session_hash=x"])
def test_routes__nothing_without_a_session(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_upload__too_large_a_file_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    app: Any = client.app
    gradio_app = app.routes[-1].app
    monkeypatch.setattr(gradio_app.get_blocks(), "max_file_size", 1000)
    answer = client.post("/gradio_api/upload", files={"files": ("film.png", b"0" * 2000)})
    assert answer.status_code == 413
