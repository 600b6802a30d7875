from pathlib import Path

import pytest

from spineyolo.errors import BadInputError
from spineyolo.evaluate.compare.plan import load_plan

COMMITTED = Path(__file__).parents[3] / "yolo_configs" / "compare.yaml"
ENTRY = "name: {name}, weights: {weights}, make: python make.py, started_from: nothing"


def plan_of(folder: Path, *entries: str) -> Path:
    path = folder / "compare.yaml"
    path.write_text("models:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries))
    return path


def test_load_plan__the_committed_one_has_our_weights_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(COMMITTED.parents[1])
    models = load_plan(COMMITTED)
    assert models[0].is_there and models[0].weights == Path("weights/spineyolo-n.pt")
    assert all(model.make.startswith("python tools/") and model.started_from for model in models)


def test_load_plan__absent_weights_are_no_error_beside_others(tmp_path: Path) -> None:
    (tmp_path / "here.pt").write_bytes(b"")
    entries = [ENTRY.format(name=name, weights=tmp_path / f"{name}.pt") for name in ("here", "gone")]
    assert [model.is_there for model in load_plan(plan_of(tmp_path, *entries))] == [True, False]


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([ENTRY.format(name="a", weights="no.pt")], r"none; they are made so: a: python make\.py"),
        ([ENTRY.format(name="a", weights="no.pt")] * 2, "each name once, found a again"),
        (["name: a, weights: no.pt"], "for each model.*make"),
        ([ENTRY.format(name="a", weights="no.pt") + ", epochs: 3"], "for each model.*epochs"),
        ([], "a list `models`"),
    ],
)
def test_load_plan__what_is_wrong_is_named(tmp_path: Path, entries: list[str], sentence: str) -> None:
    with pytest.raises(BadInputError, match=rf"compare\.yaml.*{sentence}"):
        load_plan(plan_of(tmp_path, *entries))


def test_load_plan__missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.yaml"):
        load_plan(tmp_path / "none.yaml")
