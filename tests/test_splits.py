from dataclasses import replace
from pathlib import Path

from columns import SOURCE, column

from spineyolo.splits import assign

# The films of the lateral source, named by number.
LATERAL = [2, 5, *range(7, 11), *range(13, 21), 22, 23, 24, *range(26, 32), 33, 35, 39, 41, 44]


def counts(splits: dict[Path, str]) -> dict[str, int]:
    return {split: list(splits.values()).count(split) for split in ("train", "val", "test")}


def test_assign__whole_subjects_by_share() -> None:
    films = [column(Path(f"{name}_{visit}.png")) for name in "abcdefgh" for visit in (1, 2)]
    assigned = assign(films, SOURCE, seed=0)
    assert counts(assigned) == {"train": 8, "val": 4, "test": 4}
    assert all(assigned[Path(f"{name}_1.png")] == assigned[Path(f"{name}_2.png")] for name in "abcdefgh")


def test_assign__last_subject_may_exceed_the_share() -> None:
    films = [column(Path(f"{name}_{visit}.png")) for name in "ab" for visit in range(5)]
    assert counts(assign(films, replace(SOURCE, test_fraction=0.1, val_fraction=0.0), 0)) == {
        "train": 5,
        "val": 0,
        "test": 5,
    }


def test_assign__own_split_is_kept_and_not_counted() -> None:
    films = [column(Path(f"{name}_1.png")) for name in "abcdefghij"]
    own = [replace(column(Path(f"own_{number}.png")), split="test") for number in range(20)]
    assigned = assign([*films, *own], SOURCE, seed=0)
    assert {assigned[film.path] for film in own} == {"test"}
    assert counts(assigned) == {"train": 6, "val": 2, "test": 22}


def test_assign__does_not_depend_on_order() -> None:
    films = [column(Path(f"{name}_1.png")) for name in "abcdefgh"]
    assert assign(films, SOURCE, 0) == assign(films[::-1], SOURCE, 0)


def test_assign__seed_changes_it() -> None:
    films = [column(Path(f"{name}_1.png")) for name in "abcdefgh"]
    assert len({frozenset(assign(films, SOURCE, seed).items()) for seed in range(5)}) > 1


def test_assign__the_rule_the_released_weights_were_trained_by() -> None:
    source = replace(SOURCE, name="lateral", test_fraction=0.2, val_fraction=0.15)
    films = [replace(column(Path(f"{number}.png")), subject=f"{number}.png") for number in LATERAL]
    assigned = assign(films, source, seed=0)
    held = {split: {int(path.stem) for path, held in assigned.items() if held == split} for split in ("test", "val")}
    assert held == {"test": {13, 17, 18, 19, 20, 29}, "val": {5, 9, 30, 35}}
