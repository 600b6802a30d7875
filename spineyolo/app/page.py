"""The page's layout and what its controls do, in Gradio."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import gradio as gr

from spineyolo.anatomy import LEVELS, View
from spineyolo.app import film as films
from spineyolo.app import uploads, view
from spineyolo.app.bundle import measured
from spineyolo.app.film import CorrectionError, OpenFilm
from spineyolo.app.session import Session, Sessions
from spineyolo.detect import Detector
from spineyolo.measure.report import FilmReport

NOTICE: Final = "Research use only. Not a medical device; no finding here may guide treatment."

HERE: Final = Path(__file__).parent
CACHE_CHECK_S: Final = 60
CACHE_AGE_S: Final = 300
"""Files that were uploaded and never asked for (a page closed meanwhile) are gone after so long; the others at once."""

_ANTERIOR: Final = {"tell it from the film": None, "left": False, "right": True}
_VIEWS: Final = {"tell it from the bodies": None, "AP": View.AP, "lateral": View.LATERAL}
_ENDED: Final = "This page has ended on the server and its films are gone. Reload it, and drop them again."

Shown = dict[Any, Any]
"""What a handler returns: components and their new state."""

Correction = Callable[[OpenFilm, int], OpenFilm]
"""Takes a film and the picked candidate, and returns the film corrected; raises CorrectionError if it cannot be."""


class ReadingPage:
    """One page for all users; each one's films are in their own session."""

    def __init__(self, detector: Detector, sessions: Sessions, folder: Path) -> None:
        """Lay the page out; its Gradio app is `blocks`.

        Args:
            detector: finds the vertebrae.
            sessions: who has which films open.
            folder: private to this process, where uploads lie while they are read.
        """
        self.detector = detector
        self.sessions = sessions
        self.folder = folder
        with gr.Blocks(
            title="SpineYOLO", analytics_enabled=False, delete_cache=(CACHE_CHECK_S, CACHE_AGE_S), fill_width=True
        ) as self.blocks:
            gr.HTML(f'<div class="sy-head"><h1>SpineYOLO</h1><p class="sy-notice">{html.escape(NOTICE)}</p></div>')
            with gr.Row(elem_id="main"):
                with gr.Column(scale=5, min_width=340):
                    self.viewer = gr.HTML(
                        {"image": None, "films": []},
                        html_template=(HERE / "viewer.html").read_text(encoding="utf-8"),
                        js_on_load=(HERE / "viewer.js").read_text(encoding="utf-8"),
                        apply_default_css=False,
                        elem_id="viewer",
                    )
                with gr.Column(scale=3, min_width=340, elem_id="side"):
                    self._lay_out_side()
            self._connect()

    def _lay_out_side(self) -> None:
        self.drop = gr.File(
            label="Films: PNG, JPEG, TIFF, BMP, DICOM",
            file_count="multiple",
            height=110,
            elem_id="drop",
        )
        self.faults = gr.HTML(visible=False, elem_id="faults", apply_default_css=False)
        self.state = gr.HTML(visible=False, elem_id="state", apply_default_css=False)
        with gr.Column(visible=False, elem_id="tools") as self.tools:
            with gr.Row():
                self.take = gr.HTML(elem_classes="sy-take", apply_default_css=False, padding=False)
                self.forget = gr.Button("Forget all films", size="sm", min_width=120, elem_id="forget")
            with gr.Tabs():
                with gr.Tab("Vertebrae"):
                    self._lay_out_vertebrae()
                with gr.Tab("Measurements"):
                    self._lay_out_measurements()

    def _lay_out_vertebrae(self) -> None:
        self.picked = gr.Markdown(elem_id="picked")
        with gr.Row():
            self.level = gr.Dropdown(
                list(LEVELS), label="This vertebra is", interactive=True, min_width=120, elem_id="level"
            )
            self.up = gr.Button("One level up", size="sm", min_width=80, elem_id="up")
            self.down = gr.Button("One level down", size="sm", min_width=80, elem_id="down")
        with gr.Row():
            self.delete = gr.Button("Delete it", size="sm", min_width=80, elem_id="delete")
            self.undo = gr.Button("Undo", size="sm", min_width=80, elem_id="undo")
            self.reset = gr.Button("Start over", size="sm", min_width=80, elem_id="reset")
        self.table = gr.Dataframe(
            interactive=False, max_height=520, buttons=[], elem_id="table", show_label=False, column_count=4
        )

    def _lay_out_measurements(self) -> None:
        with gr.Row():
            self.view = gr.Dropdown(list(_VIEWS), value=next(iter(_VIEWS)), label="View", interactive=True)
            self.anterior = gr.Dropdown(
                list(_ANTERIOR), value=next(iter(_ANTERIOR)), label="Anterior is", interactive=True
            )
        self.notes = gr.Markdown()
        self.values = gr.Dataframe(
            interactive=False, wrap=True, buttons=[], elem_id="values", label="Measured",
            column_widths=["28%", "14%", "11%", "11%", "11%", "25%"],
        )  # fmt: skip
        self.why_not = gr.Dataframe(
            interactive=False, wrap=True, buttons=[], elem_id="why-not", label="Not measurable",
            column_widths=["45%", "17%", "38%"],
        )  # fmt: skip

    def _connect(self) -> None:
        outputs = [
            self.viewer, self.drop, self.faults, self.state, self.tools, self.picked, self.level, self.table,
            self.undo, self.reset, self.up, self.down, self.delete, self.take, self.view, self.anterior,
            self.notes, self.values, self.why_not,
        ]  # fmt: skip
        quiet: dict[str, Any] = {"outputs": outputs, "show_progress": "hidden", "api_visibility": "private"}
        self.blocks.load(self._opened, **quiet)
        self.blocks.unload(self._closed)
        self.drop.upload(
            self._read, self.drop, outputs, show_progress_on=self.drop, api_visibility="private",
            concurrency_limit=None,
        )  # fmt: skip
        self.viewer.select(self._clicked, **quiet)
        self.table.select(self._row_clicked, **quiet)
        self.level.input(self._level_given, self.level, **quiet)
        self.up.click(self._correction(partial(films.shift, down=False)), **quiet)
        self.down.click(self._correction(partial(films.shift, down=True)), **quiet)
        self.delete.click(self._correction(films.delete), **quiet)
        self.undo.click(self._correction(lambda film, _: films.undo(film), needs_pick=False), **quiet)
        self.reset.click(self._correction(lambda film, _: films.reset(film), needs_pick=False), **quiet)
        self.forget.click(self._forgotten, **quiet)
        for control in (self.view, self.anterior):
            control.input(self._view_stated, [self.view, self.anterior], **quiet)

    def _session(self, request: gr.Request) -> Session:
        session = self.sessions.get(request.session_hash or "")
        if session is None:
            raise gr.Error(_ENDED, print_exception=False)
        return session

    def _opened(self, request: gr.Request) -> Shown:
        session = self.sessions.open(request.session_hash or "")
        # A link that says `download`, not Gradio's button: that one leaves the page, and its films are then forgotten.
        link = f'<a id="take" href="take/{session.token}.zip" download="spineyolo.zip">Take away (ZIP)</a>'
        return {**self._shown(session), self.take: gr.HTML(link)}

    def _closed(self, request: gr.Request) -> None:
        self.sessions.close(request.session_hash or "")
        # Gradio keeps what its components showed for an hour, in case the page comes back; this one does not.
        self.blocks.state_holder.session_data.pop(request.session_hash or "", None)

    def _read(
        self,
        dropped: list[str] | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Shown:
        session = self._session(request)
        paths = [Path(name) for name in dropped or []]
        skipped = uploads.open_films(
            paths, self.detector, session, self.folder, lambda share, text: progress(share, desc=text)
        )
        return self._shown(session, [str(error) for error in skipped.errors])

    def _clicked(self, event: gr.EventData, request: gr.Request) -> Shown:
        session = self._session(request)
        if "film" in event._data:
            session.show(int(event._data["film"]))
        else:
            session.pick(int(event._data["candidate"]))
        return self._shown(session)

    def _row_clicked(self, event: gr.SelectData, request: gr.Request) -> Shown:
        session = self._session(request)
        row = int(event.index[0])
        if session.film is not None and row < len(rows := view.order(session.film)):
            session.pick(rows[row])
        return self._shown(session)

    def _level_given(self, level: str, request: gr.Request) -> Shown:
        return self._correct(self._session(request), lambda film, candidate: films.set_level(film, candidate, level))

    def _correction(self, change: Correction, needs_pick: bool = True) -> Callable[[gr.Request], Shown]:
        def handler(request: gr.Request) -> Shown:
            return self._correct(self._session(request), change, needs_pick)

        return handler

    def _correct(self, session: Session, change: Correction, needs_pick: bool = True) -> Shown:
        if session.film is None or (needs_pick and session.picked is None):
            return self._shown(session, ["Pick a vertebra first, on the film or in the table."])
        try:
            session.films[session.current] = change(session.film, session.picked or 0)
        except CorrectionError as error:
            return self._shown(session, [str(error)])
        if session.picked in session.film.deleted:
            session.picked = None
        return self._shown(session)

    def _view_stated(self, stated: str, anterior: str, request: gr.Request) -> Shown:
        session = self._session(request)
        if session.film is not None:
            session.films[session.current] = replace(
                session.film, view=_VIEWS[stated], anterior_right=_ANTERIOR[anterior]
            )
        return self._shown(session)

    def _forgotten(self, request: gr.Request) -> Shown:
        session = self._session(request)
        session.forget()
        return self._shown(session)

    def _shown(self, session: Session, faults: Sequence[str] = ()) -> Shown:
        """Return the whole page as it is now for a session."""
        film = session.film
        found = measured(film) if film is not None else None
        said = "".join(f"<p>{html.escape(fault)}</p>" for fault in faults)
        shown: Shown = {
            self.viewer: view.viewer_value(session, found),
            self.drop: gr.File(value=None),
            self.faults: gr.HTML(f'<div class="sy-faults" role="alert">{said}</div>', visible=bool(faults)),
            self.state: gr.HTML(visible=film is not None),
            self.tools: gr.Column(visible=film is not None),
        }
        return shown | self._film_shown(session, film, found) if film is not None and found is not None else shown

    def _film_shown(self, session: Session, film: OpenFilm, found: FilmReport) -> Shown:
        values, why_not = view.measurement_tables(found)
        picked = session.picked is not None
        name = film.prediction.numbering.names[session.picked] if session.picked is not None else None
        return {
            self.state: gr.HTML(view.state_html(film), visible=True),
            self.picked: view.picked_text(film, session.picked),
            self.level: gr.Dropdown(value=name if name in LEVELS else None, interactive=picked),
            self.table: view.table(film, session.picked),
            self.undo: gr.Button(interactive=film.before is not None),
            self.reset: gr.Button(interactive=film.before is not None),
            self.up: gr.Button(interactive=name is not None),
            self.down: gr.Button(interactive=name is not None),
            self.delete: gr.Button(interactive=picked),
            self.view: _key_of(_VIEWS, film.view),
            self.anterior: _key_of(_ANTERIOR, film.anterior_right),
            self.notes: "\n".join(f"- {note}" for note in found.notes),
            self.values: values,
            self.why_not: why_not,
        }


def _key_of(choices: Mapping[str, object], value: object) -> str:
    return next(key for key, each in choices.items() if each is value)
