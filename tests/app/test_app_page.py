"""The page in a real browser: what a reader does, and what nobody must see."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from app.conftest import PATIENT, Served, wait_for

PATIENCE_MS = 60_000
"""How long a step may take on a busy machine; on an idle one each takes well under a second."""


@pytest.fixture
def visit(served: Served, browser: Any) -> Iterator[Callable[[], Any]]:
    """Opens a page as a new user; fails the test if anything went to another host."""
    contexts, elsewhere = [], []

    def open_page() -> Any:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 900}))
        contexts[-1].on("request", lambda sent: elsewhere.append(sent.url))
        page, there = contexts[-1].new_page(), len(served.sessions)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(served.url)
        page.wait_for_selector("#drop input[type=file]", state="attached")
        wait_for(lambda: len(served.sessions) > there)
        return page

    before = len(served.sessions)
    yield open_page
    for context in contexts:
        context.close()
    wait_for(lambda: len(served.sessions) == before)
    assert not [url for url in elsewhere if not url.startswith((served.url, "data:", "blob:"))]


def drop(page: Any, *files: Path | dict[str, Any]) -> None:
    page.set_input_files("#drop input[type=file]", list(files))


def levels(page: Any) -> list[str]:
    return [str(text) for text in page.locator(".levels text").all_text_contents()]


def cell(page: Any, text: str) -> Any:
    return page.locator("#table [data-testid^='cell-']").get_by_text(text, exact=True).first


def shown(page: Any) -> None:
    page.wait_for_selector(".picks path", state="attached")


def stored(served: Served) -> list[Path]:
    return [path for path in served.folder.rglob("*") if path.is_file() and path.stat().st_size]


def test_a_film_is_dropped_shown_corrected_and_taken_away(
    visit: Callable[[], Any], film_dicom: Path, served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    page = visit()
    assert "Not a medical device" in page.inner_text("body")
    drop(page, film_dicom)
    shown(page)
    found = levels(page)
    assert len(found) >= 3
    assert not stored(served)

    # Each layer by itself, and zoom.
    page.uncheck("[data-layer=levels]")
    assert not page.locator(".levels").is_visible() and page.locator(".contours path").first.is_visible()
    page.check("[data-layer=levels]")
    width = page.locator(".sy-plane").bounding_box()["width"]
    page.click("[data-zoom='1.25']")
    assert page.locator(".sy-plane").bounding_box()["width"] == pytest.approx(1.25 * width, rel=0.01)
    page.click("[data-zoom=fit]")

    # The lowest but one, picked on the film, is said to be L3: the column follows.
    nth = len(found) - 2
    label = page.locator(".levels text").nth(nth).text_content()
    page.locator(f".picks path[aria-label^='{label},']").click()
    page.get_by_text(re.compile(f"Picked: {label},")).wait_for()
    page.click("#level input")
    page.get_by_role("option", name="L3", exact=True).click()
    cell(page, "given by you").wait_for()
    assert cell(page, "L3").is_visible()
    corrected = set(levels(page))
    assert {"L2", "L3", "L4"} <= corrected

    # One level down from there, picked in the table, and back again.
    cell(page, "L2").click()
    page.get_by_text(re.compile("Picked: L2,")).wait_for()
    page.click("#delete")
    page.wait_for_function("() => ![...document.querySelectorAll('.levels text')].some(t => t.textContent === 'L2')")
    page.click("#undo")
    page.wait_for_function("() => [...document.querySelectorAll('.levels text')].some(t => t.textContent === 'L2')")

    page.get_by_role("tab", name="Measurements").click()
    page.get_by_label("View").click()
    page.get_by_role("option", name="lateral", exact=True).click()
    page.get_by_text("View: lateral, as stated.").wait_for()
    assert page.get_by_text("Millimetres are those").is_visible()  # the DICOM file states its pixel spacing
    assert page.locator("#values [data-testid^='cell-']").count() > 0

    for _ in range(2):  # taken away twice: the page stays, with its films
        with page.expect_download() as waiting:
            page.click("#take")
    packed = Path(waiting.value.path()).read_bytes()
    archive = zipfile.ZipFile(io.BytesIO(packed))
    rows = pd.read_csv(io.BytesIO(archive.read("vertebrae.csv")))
    assert set(rows["level"]) == corrected and set(rows["film"]) == {"film-1.dcm"}
    assert "film-1_overlay.png" in archive.namelist()

    # Nowhere a patient's name: neither on the page, nor taken away, nor in what the server said.
    said = "".join(capfd.readouterr())
    everything = page.content() + said + "".join(archive.namelist())
    everything += "".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    assert not re.search("hohenzollern|ottilie", everything, re.IGNORECASE)


def test_ten_wrong_files_leave_it_standing(visit: Callable[[], Any], film_png: Path, served: Served) -> None:
    page = visit()
    broken = film_png.read_bytes()[:2000]
    wrong = [{"name": f"{PATIENT}.{kind}", "mimeType": "x/y", "buffer": b"no film"} for kind in ("txt", "dcm", "zip")]
    wrong += [{"name": "cut.png", "mimeType": "image/png", "buffer": broken + bytes([n])} for n in range(6)]
    wrong += [{"name": "empty.png", "mimeType": "image/png", "buffer": b""}]
    for count, file in enumerate(wrong, start=1):
        drop(page, file)
        page.locator("#faults").get_by_text(re.compile(rf"film-{count}\b.*expected")).wait_for()
    assert PATIENT not in page.content()
    drop(page, film_png)
    shown(page)
    assert len(levels(page)) >= 3 and not page.locator("#faults").is_visible()
    assert not stored(served)


def test_two_users_see_their_own_films(
    visit: Callable[[], Any], film_png: Path, film_dicom: Path, served: Served
) -> None:
    one, other = visit(), visit()
    drop(one, film_png, film_dicom)
    drop(other, film_png)
    shown(one)
    shown(other)
    assert one.locator(".sy-films button").count() == 2 and other.locator(".sy-films button").count() == 0
    address = one.locator(".sy-plane img").get_attribute("src")
    assert one.request.get(served.url + address).ok
    assert address != other.locator(".sy-plane img").get_attribute("src")
    guess = re.sub("film/[^/]+/", "film/guess/", address)
    assert other.request.get(served.url + guess).status == 404
    one.locator(".sy-films button").nth(1).click()
    one.wait_for_selector(".sy-films button:nth-child(2)[aria-pressed=true]")
    before = levels(other)
    one.click("#forget")
    one.wait_for_selector(".sy-viewer.empty")
    assert one.request.get(served.url + address).status == 404  # what was forgotten cannot be had any more
    assert levels(other) == before

    # Once a page is closed its films are gone, whoever knows where they were.
    address = other.locator(".sy-plane img").get_attribute("src")
    assert one.request.get(served.url + address).ok
    other.close()
    wait_for(lambda: one.request.get(served.url + address).status == 404)
    assert not stored(served)


def test_a_narrow_window_shows_the_film_first(visit: Callable[[], Any], film_png: Path) -> None:
    page = visit()
    page.set_viewport_size({"width": 390, "height": 844})
    drop(page, film_png)
    shown(page)
    plane, table = page.locator(".sy-plane").bounding_box(), page.locator("#table").bounding_box()
    assert plane["y"] < 500 and plane["y"] + plane["height"] <= table["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
