"""The figures in the READMEs: tables made from `benchmarks/*.json`, between marks, in English and Russian."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from spineyolo.errors import BadInputError
from spineyolo.files import read_json, write_atomic

Language = str
READMES: Final[dict[Language, str]] = {"en": "README.md", "ru": "README.ru.md"}

_BLOCK: Final = re.compile(r"(<!-- figures: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

_TEST_ROWS: Final = {
    "mask_agnostic_mAP50": ("mask AP50, class-agnostic", "AP50 масок без уровня"),
    "mask_agnostic_mAP50-95": ("mask AP50-95, class-agnostic", "AP50-95 масок без уровня"),
    "mask_numbered_mAP50": ("mask AP50, with levels", "AP50 масок с уровнем"),
    "dice": ("Dice of found vertebrae", "Dice найденных позвонков"),
    "identification": ("identification", "идентификация"),
    "films_all_right": ("films with every vertebra right", "снимки без единой ошибки"),
}
_TEST_COLUMNS: Final = {
    "aasce2019": ("AASCE", "AASCE"),
    "aasce2019 without flawed": ("without flawed", "без испорченной разметки"),
    "lateral": ("laterals", "боковые"),
    "cervical": ("cervical", "шейные"),
}
_METHODS: Final = {
    "a": ("plain Ultralytics", "Ultralytics как есть"),
    "b": ("class-agnostic NMS, argmax", "NMS без классов, argmax"),
    "c": ("counting down from the top", "счёт сверху вниз"),
    "d": ("counting up from the lowest", "счёт снизу вверх"),
    "e": ("ours", "наша нумерация"),
    "f": ("ours, true boxes", "наша, истинные рамки"),
}
_GROUPS: Final = {
    "AASCE": ("AASCE", "AASCE"),
    "AASCE as read": ("AASCE as read", "AASCE по прочтению"),
    "laterals": ("laterals", "боковые"),
    "cervical windows": ("cervical windows", "шейные окна"),
    "thoracic windows": ("thoracic windows", "грудные окна"),
    "lumbar windows": ("lumbar windows", "поясничные окна"),
    "cervical films": ("cervical films", "шейные снимки"),
}

_COMPARED: Final = "aasce2019"
_COMPARE_ROWS: Final = {
    "mask_numbered_mAP50-95": ("mask mAP50-95, with levels", "mAP50-95 масок с уровнем"),
    "mask_numbered_mAP50": ("mask mAP50, with levels", "mAP50 масок с уровнем"),
    "mask_agnostic_mAP50-95": ("mask AP50-95, class-agnostic", "AP50-95 масок без уровня"),
    "mask_agnostic_mAP50": ("mask AP50, class-agnostic", "AP50 масок без уровня"),
    "box_agnostic_mAP50": ("box AP50, class-agnostic", "AP50 рамок без уровня"),
    "dice": ("Dice of found vertebrae", "Dice найденных позвонков"),
    "boundary_px": ("boundary error, px", "ошибка контура, px"),
    "identification": ("identification", "идентификация"),
}
_NUMBERED: Final = {"with": ("numbered", "с нумерацией"), "without": ("argmax", "argmax")}


def fill(text: str, benchmarks: Path, language: Language, name: str) -> str:
    """Return a README's text with every block of figures made anew.

    Raises:
        BadInputError: if a block asks for a table that does not exist, or its figures are missing.
    """

    def made(found: re.Match[str]) -> str:
        table = TABLES.get(found["name"])
        if table is None:
            raise BadInputError(name, f"blocks of figures called {', '.join(TABLES)}", found["name"])
        return found[1] + "\n".join(table(benchmarks, language)) + "\n" + found[3]

    return _BLOCK.sub(made, text)


def update(root: Path) -> list[Path]:
    """Write the figures into the READMEs of a project's root; return those that changed."""
    changed = []
    for language, name in READMES.items():
        path = root / name
        before = path.read_text(encoding="utf-8")
        after = fill(before, root / "benchmarks", language, name)
        if after != before:
            write_atomic(path, after.encode())
            changed.append(path)
    return changed


def _test(benchmarks: Path, language: Language) -> list[str]:
    results = read_json(benchmarks / "test.json")["results"]
    columns = {key: label for key, label in _TEST_COLUMNS.items() if key in results}
    head = [f"{_in(language, label)}, {results[key]['films']}" for key, label in columns.items()]
    rows = [
        [_in(language, label), *(f"{results[column][key]:.3f}" for column in columns)]
        for key, label in _TEST_ROWS.items()
    ]
    return _markdown([_in(language, ("figure", "показатель")), *head], rows)


def _numbering(benchmarks: Path, language: Language) -> list[str]:
    results = read_json(benchmarks / "numbering.json")["results"]
    groups = {key: label for key, label in _GROUPS.items() if key in results}
    rows = []
    for method, label in _METHODS.items():
        found = [results[group]["methods"][method] for group in groups]
        cells = ["{:.3f} [{:.2f}, {:.2f}]".format(one["identification"], *one["identification_95"]) for one in found]
        rows.append([_in(language, label), *cells])
    return _markdown([_in(language, ("method", "способ")), *(_in(language, label) for label in groups.values())], rows)


def _compare(benchmarks: Path, language: Language) -> list[str]:
    rows = [
        row
        for row in read_json(benchmarks / "compare.json")["figures"]
        if row["group"] == _COMPARED and row["scope"] == "all"
    ]
    named = {(row["model"], row["numbering"], row["figure"]): row for row in rows}
    columns = dict.fromkeys((row["model"], row["numbering"]) for row in rows)
    table = []
    for figure, label in _COMPARE_ROWS.items():
        cells = [named[*column, figure] for column in columns]
        table.append([_in(language, label), *(f"{cell['value']:.3f}" for cell in cells)])
    head = [f"{model}, {_in(language, _NUMBERED[numbering])}" for model, numbering in columns]
    return _markdown([_in(language, ("figure", "показатель")), *head], table)


def _in(language: Language, label: tuple[str, str]) -> str:
    return label[list(READMES).index(language)]


def _markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]


TABLES: Final[Mapping[str, Callable[[Path, Language], list[str]]]] = {
    "test": _test,
    "numbering": _numbering,
    "compare": _compare,
}
"""The blocks a README may ask for by `<!-- figures: NAME -->` … `<!-- end -->`."""
