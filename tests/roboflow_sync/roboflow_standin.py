"""A stand-in for the part of Roboflow's servers that the SDK calls for us, with faults on demand; keeps all in memory.

Addresses, query parameters and bodies are those that roboflow 1.7.3 sends (adapters/rfapi.py, core/project.py);
answers are what it reads, in the form that docs.roboflow.com shows. An address that the SDK would not call is answered
with 404 and noted in `unexpected`. To try the tools by hand:

    python tests/roboflow_sync/roboflow_standin.py    # prints what to export
"""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import json
import re
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from roboflow_export import StoredImage, export, stem_of

KEY = "kEyOfNobody4tests0nly"
WORKSPACE, PROJECT = "bones", "spine"
LINK_KEY = "sEcretOfTheLink"


class StandIn:
    """The server's state and its faults.

    `faults` holds, for an endpoint (`project`, `search`, `upload`, `annotate`, `metadata`, `generate`, `version`,
    `export`, `download`), what happens to its next calls: a status code, `drop` (the connection ends before anything
    is done), `lost` (it is done, but the connection ends before the answer), `cut` (the answer ends half-way) or
    `text` (status 500 with an error that is text, as the server's "Unknown error").
    """

    def __init__(self, port: int = 0, not_ready: int = 1) -> None:
        self.images: dict[str, StoredImage] = {}
        self.versions: dict[int, dict[str, Any]] = {}
        self.snapshots: dict[int, list[StoredImage]] = {}
        self.exports: dict[tuple[int, str], bytes] = {}
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.faults: defaultdict[str, list[int | str]] = defaultdict(list)
        self.unexpected: list[str] = []
        self.type = "instance-segmentation"
        self.lock = threading.Lock()
        self._waits: defaultdict[str, int] = defaultdict(lambda: not_ready)
        handler = type("Handler", (_Handler,), {"standin": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> StandIn:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def ready(self, what: str) -> bool:
        """Return whether a thing is ready by now: not on the first call."""
        self._waits[what] -= 1
        return self._waits[what] < 0

    def by_name(self) -> dict[str, StoredImage]:
        """Return the images by their name without ending; fails if two share one."""
        named = {image.name.removesuffix(".png"): image for image in self.images.values()}
        assert len(named) == len(self.images)
        return named


@dataclass
class Request:
    """One call: the parts of its path, its query, its body."""

    parts: list[str]
    query: dict[str, list[str]]
    body: bytes
    headers: Any = field(default=None)

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, tuple[str, bytes]]:
        """Return a multipart body's fields: file name (or nothing) and content."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.default).parsebytes(head + self.body)
        return {
            str(part.get_param("name", header="content-disposition")): (
                part.get_filename() or "",
                part.get_payload(decode=True),
            )
            for part in message.iter_parts()
        }


class _Handler(BaseHTTPRequestHandler):
    standin: ClassVar[StandIn]
    protocol_version = "HTTP/1.1"

    ROUTES: ClassVar = [
        ("download", "GET", r"/exports/(\d+)/([\w-]+)"),
        ("upload", "POST", rf"/dataset/{PROJECT}/upload"),
        ("annotate", "POST", rf"/dataset/{PROJECT}/annotate/(\w+)"),
        ("metadata", "POST", rf"/{WORKSPACE}/images/(\w+)/metadata"),
        ("search", "POST", rf"/{WORKSPACE}/{PROJECT}/search"),
        ("generate", "POST", rf"/{WORKSPACE}/{PROJECT}/generate"),
        ("project", "GET", rf"/{WORKSPACE}/{PROJECT}"),
        ("version", "GET", rf"/{WORKSPACE}/{PROJECT}/(\d+)"),
        ("export", "GET", rf"/{WORKSPACE}/{PROJECT}/(\d+)/(yolov8|coco-segmentation)"),
    ]

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self, method: str) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for endpoint, verb, pattern in self.ROUTES:
            if verb == method and (match := re.fullmatch(pattern, address.path)):
                request = Request(list(match.groups()), parse_qs(address.query), body, self.headers)
                self._answer_call(endpoint, request)
                return
        self.standin.unexpected.append(f"{method} {address.path}")
        self._send(404, {"error": {"message": "no such thing", "type": "GraphMethodException"}})

    def _answer_call(self, endpoint: str, request: Request) -> None:
        with self.standin.lock:
            self.standin.calls[endpoint] += 1
            faults = self.standin.faults[endpoint]
            fault = faults.pop(0) if faults else None
            if fault == "drop":
                self.close_connection = True
                return
            if isinstance(fault, int):
                self._send(fault, {"error": {"message": f"fault {fault}", "type": "Fault"}})
                return
            if fault == "text":
                self._send(500, {"error": "Unknown error"})
                return
            secret = "key" if endpoint == "download" else "api_key"
            if request.query.get(secret) != [LINK_KEY if endpoint == "download" else KEY]:
                self._send(401, {"error": {"message": "This API key does not exist", "type": "OAuthException"}})
                return
            status, answer = getattr(self, f"_{endpoint}")(request)
        if fault == "lost":
            self.close_connection = True
            return
        self._send(status, answer, cut=fault == "cut")

    def _send(self, status: int, answer: Any, cut: bool = False) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/zip" if isinstance(answer, bytes) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True

    def _project(self, _: Request) -> tuple[int, Any]:
        images = self.standin.images.values()
        project = {
            "id": f"{WORKSPACE}/{PROJECT}",
            "type": self.standin.type,
            "name": "Spine",
            "created": 1700000000.0,
            "updated": 1700000000.0,
            "images": len(images),
            "unannotated": sum(image.coco is None for image in images),
            "annotation": "vertebrae",
            "public": False,
            "splits": {},
            "colors": {},
            "classes": {},
        }
        return 200, {
            "workspace": {"name": "Bones", "url": WORKSPACE},
            "project": project,
            "versions": [*self.standin.versions.values()],
        }

    def _search(self, request: Request) -> tuple[int, Any]:
        wanted = request.json()
        assert wanted["limit"] <= 250
        shown = []
        for image in [*self.standin.images.values()][wanted["offset"] :][: wanted["limit"]]:
            whole = {"id": image.id, "name": image.name, "split": image.split, "tags": image.tags}
            whole |= {"labels": image.labels(), "user_metadata": image.metadata, "created": 1700000000000}
            shown.append({name: whole[name] for name in wanted["fields"]})
        return 200, {"offset": wanted["offset"], "total": len(self.standin.images), "results": shown}

    def _upload(self, request: Request) -> tuple[int, Any]:
        form = request.form()
        file_name, content = form["file"]
        for image in self.standin.images.values():
            if image.content == content:
                return 200, {"duplicate": True, "id": image.id}
        identity = hashlib.sha256(content).hexdigest()[:20]
        self.standin.images[identity] = StoredImage(
            id=identity,
            name=form["name"][1].decode(),
            split=form["split"][1].decode(),
            tags=request.query.get("tag", []),
            batch=request.query["batch"][0],
            content=content,
            metadata=json.loads(form["metadata"][1]),
        )
        assert file_name == self.standin.images[identity].name
        return 200, {"success": True, "id": identity}

    def _annotate(self, request: Request) -> tuple[int, Any]:
        image = self.standin.images[request.parts[0]]
        if image.coco is not None and request.query.get("overwrite") != ["true"]:
            return 409, {"error": {"message": "Image was already annotated.", "type": "InvalidImageException"}}
        if not request.query["name"][0].endswith(".coco.json"):
            return 400, {"error": {"message": "Unrecognized annotation format", "type": "InvalidAnnotation"}}
        coco = json.loads(request.json()["annotationFile"])
        if [stem_of(entry["file_name"]) for entry in coco["images"]] != [stem_of(image.name)]:
            return 400, {"error": {"message": "No annotation of this image", "type": "InvalidAnnotation"}}
        image.coco = coco
        return 200, {"success": True}

    def _metadata(self, request: Request) -> tuple[int, Any]:
        self.standin.images[request.parts[0]].metadata.update(request.json()["metadata"])
        return 200, {"success": True}

    def _generate(self, request: Request) -> tuple[int, Any]:
        settings, number = request.json(), len(self.standin.versions) + 1
        labelled = [image for image in self.standin.images.values() if image.coco is not None]
        splits = {name: sum(image.split == name for image in labelled) for name in ("train", "valid", "test")}
        self.standin.snapshots[number] = labelled
        self.standin.versions[number] = {
            "id": f"{WORKSPACE}/{PROJECT}/{number}",
            "name": f"version {number}",
            "created": 1700000000.0,
            "images": len(labelled),
            "splits": splits,
            "preprocessing": settings["preprocessing"],
            "augmentation": settings["augmentation"],
            "exports": [],
        }
        return 200, {"message": "Generating", "version": str(number)}

    def _version(self, request: Request) -> tuple[int, Any]:
        version = self.standin.versions.get(int(request.parts[0]))
        if version is None:
            return 404, {"error": {"message": "Unsupported get request", "type": "GraphMethodException"}}
        ready = self.standin.ready(f"version {request.parts[0]}")
        return 200, {"version": {**version, "generating": not ready, "progress": float(ready)}}

    def _export(self, request: Request) -> tuple[int, Any]:
        number, name = int(request.parts[0]), request.parts[1]
        if not self.standin.ready(f"export {number} {name}"):
            return 202, {"progress": 0.5}
        if (number, name) not in self.standin.exports:
            self.standin.exports[number, name] = export(self.standin.snapshots[number], name)
        link = f"{self.standin.url}/exports/{number}/{name}?key={LINK_KEY}"
        return 200, {"export": {"format": name, "link": link}}

    def _download(self, request: Request) -> tuple[int, Any]:
        return 200, self.standin.exports[int(request.parts[0]), request.parts[1]]


if __name__ == "__main__":
    with StandIn(8123) as running:
        print(
            f"export API_URL={running.url} ROBOFLOW_API_KEY={KEY}   # the project is {WORKSPACE}/{PROJECT}", flush=True
        )
        while True:
            time.sleep(60)
