"""The READMEs' figures are those of benchmarks/."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spineyolo import readme
from spineyolo.errors import BadInputError

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("language", "name"), readme.READMES.items())
def test_readme__figures_are_those_of_benchmarks(language: str, name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "<!-- figures: test -->" in text
    assert readme.fill(text, ROOT / "benchmarks", language, name) == text, "run python tools/readme.py"


def test_fill__a_changed_figure_shows(tmp_path: Path) -> None:
    results = json.loads((ROOT / "benchmarks" / "test.json").read_text(encoding="utf-8"))
    results["results"]["aasce2019"]["identification"] = 0.123
    (tmp_path / "test.json").write_text(json.dumps(results), encoding="utf-8")
    text = readme.fill("a\n<!-- figures: test -->\nold\n<!-- end -->\nb\n", tmp_path, "en", "README.md")
    assert "| identification | 0.123 |" in text
    assert text.startswith("a\n<!-- figures: test -->\n| figure") and text.endswith("|\n<!-- end -->\nb\n")


def test_fill__unknown_block() -> None:
    with pytest.raises(BadInputError, match="nothing_such"):
        readme.fill("<!-- figures: nothing_such -->\n<!-- end -->", ROOT / "benchmarks", "en", "README.md")
