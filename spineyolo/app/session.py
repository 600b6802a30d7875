"""Who has which films open. Everything is held in memory alone, and dropped when its page is closed."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from spineyolo.app.film import OpenFilm

MAX_SESSIONS: Final = 20
"""Pages open at a time; the one unused longest is dropped for another, so that memory stays bounded."""


@dataclass(eq=False)
class Session:
    """One open page.

    Attributes:
        token: stands for the page in addresses of its films; cannot be guessed.
        films: in the order they were dropped.
        dropped: how many files were dropped so far; each one's number is its name.
        current: which film is shown.
        picked: which candidate on it the reader picked.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    films: list[OpenFilm] = field(default_factory=list)
    dropped: int = 0
    current: int = 0
    picked: int | None = None

    @property
    def film(self) -> OpenFilm | None:
        """The film that is shown."""
        return self.films[self.current] if self.films else None

    def show(self, index: int) -> None:
        """Show another film; numbers beyond the last one are left alone."""
        if 0 <= index < len(self.films):
            self.current, self.picked = index, None

    def pick(self, candidate: int) -> None:
        """Pick a candidate of the film that is shown; numbers beyond the last one are left alone."""
        if self.film is not None and 0 <= candidate < len(self.film.prediction.detections):
            self.picked = candidate

    def forget(self) -> None:
        """Drop all films."""
        self.films.clear()
        self.current, self.picked = 0, None


class Sessions:
    """All open pages, by the name the browser gave each."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, name: str) -> Session:
        """Return a new session for a page that was just loaded."""
        with self._lock:
            self._open[name] = session = Session()
            while len(self._open) > MAX_SESSIONS:
                self._open.popitem(last=False)[1].forget()
        return session

    def get(self, name: str) -> Session | None:
        """Return a page's session; None where it was closed."""
        with self._lock:
            if name in self._open:
                self._open.move_to_end(name)
            return self._open.get(name)

    def by_token(self, token: str) -> Session | None:
        """Return the session that a film's address means, or None."""
        with self._lock:
            return next((each for each in self._open.values() if secrets.compare_digest(each.token, token)), None)

    def close(self, name: str) -> None:
        """Drop a session and its films."""
        with self._lock:
            session = self._open.pop(name, None)
        if session is not None:
            session.forget()
