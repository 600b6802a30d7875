"""The notebook runs from top to bottom, and what is stored in it came from such a run."""

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "walkthrough.ipynb"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook, run anew in an empty folder: it needs no file but the installed project's."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    folder = tmp_path_factory.mktemp("walkthrough")
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "YOLO_OFFLINE": "true"})
    return notebook


def text_of(notebook: nbformat.NotebookNode, source: str) -> str:
    """What the first cell with this in its source printed."""
    cell = next(cell for cell in notebook.cells if source in cell.source)
    return "\n".join(
        output.text if output.output_type == "stream" else output.data.get("text/plain", "") for output in cell.outputs
    )


def test_walkthrough__goes_from_films_to_errors(run: nbformat.NotebookNode) -> None:
    films = text_of(run, "coco.write(films")
    labelled = sum(int(line.split()[-1]) for line in films.splitlines()[1:])
    figures = dict(line.rsplit(None, 1) for line in text_of(run, "report.figures").splitlines()[1:])
    assert int(float(figures["vertebrae"])) == labelled == 40 and int(float(figures["films"])) == 3
    assert float(figures["detection"]) > 0.5  # the released weights find most vertebrae of plain films
    assert text_of(run, "numbering_text").count("margin") == 3
    kinds = text_of(run, "error_tables.counts_by")
    assert all(name in kinds for name in ("whole_ap", "neck_lateral", "lumbar_lateral", "shifted"))


def test_walkthrough__shows_pictures(run: nbformat.NotebookNode) -> None:
    shown = [cell for cell in run.cells if "\nshow(" in f"\n{cell.source}"]
    assert len(shown) == 3
    assert all(any("image/jpeg" in output.get("data", {}) for output in cell.outputs) for cell in shown)


def test_walkthrough__stored_outputs_are_of_one_run_and_name_no_machine() -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    counts = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    outputs = json.dumps([cell.get("outputs", []) for cell in stored.cells if cell.cell_type == "code"])
    assert "stderr" not in outputs and not re.search(r"/(home|tmp|root|work)/", outputs)
    assert NOTEBOOK.stat().st_size < 1_000_000
