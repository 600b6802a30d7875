"""The page served: Gradio, films and downloads from memory, and rules that keep the page to itself."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import tempfile
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is imported
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from gradio import route_utils

from spineyolo.app import uploads, view
from spineyolo.app.bundle import bundle
from spineyolo.app.page import HERE, ReadingPage
from spineyolo.app.session import Sessions
from spineyolo.detect import Detector

_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; form-action 'self'"
)
"""What a browser may load: nothing from another host. Gradio's own scripts are inline and compile templates."""

_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NOT_STORED: Final = {"Cache-Control": "no-store"}  # neither films nor downloads stay in a browser's cache

_CLOSED_ROUTES: Final = frozenset({"/gradio_api/deep_link"})
"""Gradio would write a page's state to disk there, to be linked to."""

_THEME: Final = gr.themes.Base(
    primary_hue=gr.themes.colors.blue,
    neutral_hue=gr.themes.colors.slate,
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
)
_DARK: Final = "<script>document.documentElement.classList.add('dark');</script>"


class _UploadOfItsOwn(route_utils.GradioUploadFile):
    """An upload that lies where no other does, though it be the same film.

    Gradio keeps uploads by their content: of two users who drop one film at the same moment, the first would take the
    other's file away.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sha.update(secrets.token_bytes(16))


route_utils.GradioUploadFile = _UploadOfItsOwn  # type: ignore[misc]


def make_app(detector: Detector, folder: Path, sessions: Sessions) -> FastAPI:
    """Return the web application.

    Args:
        detector: finds the vertebrae.
        folder: private to this process; uploads lie there until they are read.
        sessions: who has which films open.
    """
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    _hold_tongues()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path in _CLOSED_ROUTES:
            return Response(status_code=404)
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    @app.get("/film/{token}/{name}.jpg")
    def film(token: str, name: str, thumb: bool = False) -> Response:
        session = sessions.by_token(token)
        for each in session.films if session is not None else ():
            if each.name == name:
                return Response(view.picture(each, thumb), media_type="image/jpeg", headers=_NOT_STORED)
        raise HTTPException(404, "no such film, or its page was closed")

    @app.get("/take/{token}.zip")
    def take(token: str) -> Response:
        session = sessions.by_token(token)
        if session is None or not session.films:
            raise HTTPException(404, "no films, or their page was closed")
        headers = {"Content-Disposition": 'attachment; filename="spineyolo.zip"', **_NOT_STORED}
        return Response(bundle(tuple(session.films)), media_type="application/zip", headers=headers)

    gr.mount_gradio_app(
        app,
        ReadingPage(detector, sessions, folder).blocks,
        path="/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=f"{uploads.MAX_FILE_MB}mb",
        theme=_THEME,
        css_paths=[HERE / "page.css"],
        head=_DARK,
    )
    return app


def serve(detector: Detector, host: str, port: int) -> None:
    """Serve the page until it is interrupted or told to end; whatever was uploaded is then gone."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # else the folder would stay
    with tempfile.TemporaryDirectory(prefix="spineyolo-") as folder:
        app = make_app(detector, Path(folder), Sessions())
        uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=3)


def _hold_tongues() -> None:
    """Keep pydicom from quoting a file's values in warnings and logs."""
    warnings.filterwarnings("ignore", module="pydicom")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
