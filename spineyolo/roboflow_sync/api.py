"""One Roboflow project, through the `roboflow` SDK: calls tried again, the key kept out of every text.

The SDK's adapter functions and its Project are used, not Roboflow.workspace() and Version.download(): those ask for
more than is needed, and the latter unpacks whatever it is sent, error pages and paths out of the folder alike.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, quote_plus

from requests.exceptions import RequestException
from roboflow.adapters import rfapi
from roboflow.config import load_roboflow_api_key
from roboflow.core.project import Project
from roboflow.util import http
from urllib3.exceptions import HTTPError

from spineyolo.errors import BadInputError, SpineYoloError

Result = TypeVar("Result")

PROJECT_TYPE: Final = "instance-segmentation"

# The SDK (1.7.3) raises RuntimeError where the server said no, AttributeError where an error was text, not an object
# (rfapi.upload_image), LookupError or TypeError where a field it counts on is missing, ValueError where JSON is.
_SDK_ERRORS: Final = (
    RequestException,
    HTTPError,
    rfapi.RoboflowError,
    RuntimeError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

_WORTH_ANOTHER_TRY: Final = {408, 425, 429, 500, 502, 503, 504}  # RFC 9110; a lost connection has no status at all
_LONGEST_REASON: Final = 300
_SECRET_IN_URL: Final = re.compile(
    r"(?i)([?&](?:[\w-]*key[\w-]*|[\w-]*token|[\w-]*signature|[\w-]*credential)=)[^&\s'\")]+"
)
_LOGGERS: Final = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests", "roboflow")


class RoboflowCallError(SpineYoloError):
    """Roboflow could not be reached, or refused what it was asked; the text never holds the key."""


@dataclass(frozen=True)
class Patience:
    """How often a call is tried, and how long is waited: after each failure twice as long, at random by up to half.

    `poll_s` lies between two looks at whether a version or an export is ready, `ready_s` is how long that may take.
    """

    tries: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    poll_s: float = 5.0
    ready_s: float = 3600.0

    def wait_s(self, failures: int) -> float:
        """Return how long to wait after that many failures."""
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** (failures - 1)) * random.uniform(0.5, 1.0)


class _Redacted(logging.Filter):
    """Takes the key out of what HTTP libraries log: at level DEBUG they log every address, key and all."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage(), self._key), ()
        return True


@cache
def _redacted(key: str) -> _Redacted:
    """Return the filter for a key, one and the same each time, so that a logger takes it once."""
    return _Redacted(key)


def redact(text: str, key: str) -> str:
    """Return a text without the key, in whatever form an address spells it, and without the secrets of other links."""
    for form in {key, quote(key), quote(key, safe=""), quote_plus(key)}:
        text = text.replace(form, "***")
    return _SECRET_IN_URL.sub(r"\1***", text)


def split_reference(text: str) -> tuple[str, str, int | None]:
    """Return workspace, project and version of `WORKSPACE/PROJECT` or `WORKSPACE/PROJECT/VERSION`.

    Raises:
        BadInputError: if it is neither.
    """
    match = re.fullmatch(r"([\w-]+)/([\w-]+)(?:/(\d+))?", text, re.ASCII)
    if match is None:
        raise BadInputError("project", "WORKSPACE/PROJECT or WORKSPACE/PROJECT/VERSION", repr(text))
    return match[1], match[2], int(match[3]) if match[3] else None


class RoboflowProject:
    """One project of a workspace."""

    def __init__(self, workspace: str, project: str, patience: Patience | None = None) -> None:
        """Look the project up, with the key of ROBOFLOW_API_KEY or of the SDK's own login.

        Raises:
            RoboflowCallError: if there is no key, or the project cannot be had with it.
            BadInputError: if the project is not one of instance segmentation: no other keeps outlines.
        """
        self.workspace, self.project, self.patience = workspace, project, patience or Patience()
        self._key = _key(workspace)
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_redacted(self._key))
        info = self.info()
        if info["project"].get("type") != PROJECT_TYPE:
            raise BadInputError(str(self), f"a project of {PROJECT_TYPE}", str(info["project"].get("type")))
        self._sdk: Any = self.call("looking the project up", lambda: Project(self._key, info["project"]))

    def __str__(self) -> str:
        return f"{self.workspace}/{self.project}"

    def call(self, what: str, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Return what a function of the SDK returns, tried again where another try may help.

        Raises:
            RoboflowCallError: when all tries failed or the server refused. It is raised outside the handler, so that
                no trace leads from it to the SDK's exception, whose text holds the address with the key.
        """
        for failures in range(1, self.patience.tries + 1):
            try:
                return function(*args, **kwargs)
            except _SDK_ERRORS as error:
                status, reason = getattr(error, "status_code", None), _reason(error)
            if status is not None and status not in _WORTH_ANOTHER_TRY:
                break
            if failures < self.patience.tries:
                time.sleep(self.patience.wait_s(failures))
        code = f", HTTP {status}" if status else ""
        reason = " ".join(redact(reason, self._key).split())[:_LONGEST_REASON]
        raise RoboflowCallError(f"{self}: {what} failed after {failures} tries{code}: {reason}")

    def info(self) -> dict[str, Any]:
        """Return what Roboflow says of the project and, under `versions`, of its versions."""
        arguments = (self._key, self.workspace, self.project)
        info: dict[str, Any] = self.call("looking the project up", rfapi.get_project, *arguments)
        if not isinstance(info.get("project"), dict):
            raise RoboflowCallError(f"{self}: expected an answer on a project, found another")
        return info

    def search(self, offset: int, limit: int, fields: list[str]) -> list[dict[str, Any]]:
        """Return one page of the project's images."""
        page: list[dict[str, Any]] = self.call(
            "listing the films there", self._sdk.search, offset=offset, limit=limit, fields=fields
        )
        return page

    def send_image(self, path: Path, split: str, batch: str, tags: list[str], metadata: dict[str, str]) -> str:
        """Send one image and return its id; Roboflow answers with the old id if it has these pixels already."""
        answer = self.call(
            f"sending {path.name}",
            self._sdk.upload_image,
            str(path),
            split=split,
            batch_name=batch,
            tag_names=tags,
            metadata=metadata,
        )
        return str(answer[0]["id"])

    def send_annotation(self, image_id: str, coco: str, batch: str) -> None:
        """Send an image's outlines as a COCO document, in place of those it has."""
        self.call(
            "sending labels",
            self._sdk.save_annotation,
            {"name": "annotation.coco.json", "rawText": coco},
            image_id=image_id,
            job_name=batch,
            annotation_overwrite=True,
        )

    def set_metadata(self, image_id: str, metadata: dict[str, str]) -> None:
        """Set an image's metadata."""
        arguments = (self._key, self.workspace, image_id)
        self.call("noting what was sent", rfapi.update_image_metadata, *arguments, metadata=metadata)

    def generate(self, settings: dict[str, Any]) -> int:
        """Ask for a new version and return its number.

        A version that came although the answer was lost is found, not asked for again.
        """
        before = {number_of(version) for version in self.info()["versions"]}

        def ask_once() -> int:
            made = {number_of(version) for version in self.info()["versions"]} - before
            with contextlib.redirect_stdout(io.StringIO()):  # the SDK prints what it is told
                return max(made) if made else int(self._sdk.generate_version(settings))

        return self.call("making a version", ask_once)

    def wait_for_version(self, number: int) -> dict[str, Any]:
        """Return what Roboflow says of a version, once it is made."""

        def look() -> dict[str, Any] | None:
            arguments = (self._key, self.workspace, self.project, str(number))
            version: dict[str, Any] = self.call(
                f"looking version {number} up", rfapi.get_version, *arguments, nocache=True
            )["version"]
            return None if version.get("generating") or not version.get("images") else version

        return self._wait(f"version {number}", look)

    def wait_for_export(self, number: int, export_format: str) -> str:
        """Return the link to a version's zip file, once it is made."""

        def look() -> str | None:
            arguments = (self._key, self.workspace, self.project, str(number), export_format)
            answer = self.call(f"exporting version {number}", rfapi.get_version_export, *arguments)
            return None if answer.get("ready") is False else str(answer["export"]["link"])

        return self._wait(f"the export of version {number}", look)

    def download(self, link: str, target: Path, max_bytes: int) -> None:
        """Download a file, from its beginning at each try.

        Raises:
            RoboflowCallError: as `call`.
            BadInputError: if it is larger than `max_bytes`.
            OSError: if it cannot be written.
        """

        def fetch() -> None:
            with http.get(link, stream=True, timeout=(30, 60)) as response, target.open("wb") as file:
                if response.status_code != 200:
                    raise rfapi.RoboflowError(f"no file: {response.reason}", status_code=response.status_code)
                for chunk in response.iter_content(2**20):
                    if file.tell() + len(chunk) > max_bytes:
                        raise BadInputError(str(self), f"an export of at most {max_bytes} bytes", "a larger one")
                    file.write(chunk)

        self.call("downloading", fetch)

    def _wait(self, what: str, look: Callable[[], Result | None]) -> Result:
        end = time.monotonic() + self.patience.ready_s
        while (found := look()) is None:
            if time.monotonic() > end:
                raise RoboflowCallError(f"{self}: {what} was not ready after {self.patience.ready_s:.0f} s")
            time.sleep(self.patience.poll_s)
        return found


def number_of(version: dict[str, Any]) -> int:
    """Return a version's number: its id is `WORKSPACE/PROJECT/NUMBER`."""
    return int(str(version["id"]).rsplit("/", maxsplit=1)[-1])


def _key(workspace: str) -> str:
    try:
        key = load_roboflow_api_key(workspace)
    except (AttributeError, KeyError, TypeError, ValueError, OSError):
        key = None  # the SDK's own settings are damaged, or name a workspace they hold no key of
    if not key:
        raise RoboflowCallError(
            "Roboflow: expected a key in ROBOFLOW_API_KEY or from `roboflow login`, found none for "
            f"workspace {workspace}; the key is at app.roboflow.com, under Settings, API keys"
        )
    return str(key)


def _reason(error: Exception) -> str:
    """Return what an error of the SDK says: the message in the server's answer, where the error is that answer."""
    if isinstance(error, RequestException | HTTPError | rfapi.RoboflowError | RuntimeError):
        try:
            return str(json.loads(str(error))["error"]["message"])
        except (ValueError, LookupError, TypeError):
            return str(error)
    return f"an answer that the SDK could not read ({type(error).__name__}: {error})"
