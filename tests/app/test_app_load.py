"""Many at once, slow ones and those who ask for what is not theirs: the page stays up and gives nothing away."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from app.conftest import Served

REQUESTS, AT_ONCE = 200, 20
SECRET = b"a film that is not theirs"
UPLOAD = "gradio_api/upload"
PATH_LIKE = ("../../escaped.png", "/escaped.png", "..\\..\\escaped.png", "%2e%2e%2fescaped.png", "a/../../escaped.png")

Ask = Callable[[httpx.Client], httpx.Response]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.png"
    path.write_bytes(SECRET)
    return path


def _asks(film: bytes, secret: Path) -> Iterator[Ask]:
    """Yield sound and hostile requests in turn, without end."""
    names = itertools.cycle(PATH_LIKE)

    def slowly() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="slow.png"\r\n\r\n'
        for start in range(0, len(film), len(film) // 5):
            time.sleep(0.05)
            yield film[start : start + len(film) // 5]
        yield b"\r\n--x--\r\n"

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    asks: tuple[Ask, ...] = (
        lambda client: client.get(""),
        lambda client: client.post(UPLOAD, files={"files": ("film.png", film)}),
        lambda client: client.post(UPLOAD, files={"files": (next(names), film)}),
        lambda client: client.post(UPLOAD, content=slowly(), headers=form),
        lambda client: client.post(UPLOAD, content=b"no form at all", headers=form),
        lambda client: client.post(UPLOAD, json={"files": ["film.png"]}),
        lambda client: client.get(f"gradio_api/file={secret}"),
        lambda client: client.get("film/x/..%2f..%2fsecret.jpg"),
        lambda client: client.get("take/%2e%2e%2fsecret.zip"),
        lambda client: client.post("gradio_api/run/predict", content=b"[" * 10_000),
    )
    return itertools.cycle(asks)


def test_page__two_hundred_requests_twenty_at_once(served: Served, film_png: Path, secret: Path) -> None:
    asks = itertools.islice(_asks(film_png.read_bytes(), secret), REQUESTS)
    with httpx.Client(base_url=served.url, timeout=60) as client, ThreadPoolExecutor(AT_ONCE) as users:
        answers = list(users.map(lambda ask: ask(client), asks))
        codes = [answer.status_code for answer in answers]
        assert len(codes) == REQUESTS
        assert codes[0::10] == codes[1::10] == codes[3::10] == [200] * (REQUESTS // 10)
        assert all(400 <= code < 500 for place in (4, 5, 6, 7, 8) for code in codes[place::10]), codes
        assert all(code < 500 for code in codes), codes
        assert not any(SECRET in answer.content for answer in answers)
        stored = [Path(path) for place in (1, 2, 3) for answer in answers[place::10] if answer.is_success
                  for path in answer.json()]  # fmt: skip
        assert len(stored) >= 2 * REQUESTS // 10
        assert all(path.resolve().is_relative_to(served.folder.resolve()) for path in stored)
        assert client.get("").status_code == 200
    escaped = served.folder.parent.rglob("escaped.png")
    assert all(path.is_relative_to(served.folder) for path in escaped)
    for path in stored:
        path.unlink()
