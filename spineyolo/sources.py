"""Source: what `datasets/sources/NAME.yaml` says of one labelled data set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from spineyolo.anatomy import INDEX, LEVELS, View, parse_level
from spineyolo.errors import BadInputError
from spineyolo.rows import OPEN

_RANGE: Final = re.compile(r"^([CTL]\d+)-([CTL]\d+)$")


@dataclass(frozen=True)
class Source:
    """One labelled data set.

    Attributes:
        name: the YAML's file stem; also the prefix of converted films.
        title, url, licence, citation: where it is had and on what terms, as stated by its owners.
        view: AP or lateral; None where films of both are mixed or the format says it film by film.
        format: the module of `spineyolo.formats` that reads it; None where reading needs a tool of its own.
        labelled: the levels its labellers were asked for.
        layout: how to lay its files out, for the user.
        subject_pattern: regular expression whose first group, searched in a film's file name, is the subject;
            the whole file name where it is empty or does not match.
        val_fraction, test_fraction: shares of films held back where the source has no split of its own.
        repeat: how often each of its uncut training films is listed in train.txt, so that a small source counts.
        windows: whether part views are cut out of its training films; not where it has part views of its own.
        options: what its format needs beyond that (a label map, say).
        flawed: film file name to the reason why its labels are not to be learnt from.
        rows: film file name to how many levels further down its vertebrae are than they are called, as read anew, or
            to `rows.OPEN`; used for training films alone, so that others stay as published.
    """

    name: str
    title: str
    url: str
    licence: str
    citation: str
    view: View | None
    format: str | None
    labelled: tuple[str, ...]
    layout: str
    subject_pattern: str = ""
    val_fraction: float = 0.1
    test_fraction: float = 0.0
    repeat: int = 1
    windows: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    flawed: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int | str] = field(default_factory=dict)

    def subject_of(self, file_name: str) -> str:
        """Return whose film it is, from its file name."""
        match = re.search(self.subject_pattern, file_name) if self.subject_pattern else None
        return match.group(1) if match else file_name


def load_source(path: Path) -> Source:
    """Read one source's YAML and, where there are any, `NAME.flaws.yaml` and `NAME.rows.yaml` beside it.

    Raises:
        BadInputError: if the file is missing, is no mapping, or lacks a key or has one too many.
    """
    content = _read_mapping(path)
    beside = {kind: path.with_suffix(f".{kind}.yaml") for kind in ("flaws", "rows")}
    films = {kind: _read_mapping(file) if file.exists() else {} for kind, file in beside.items()}
    if wrong := {name: row for name, row in films["rows"].items() if row != OPEN and not _is_shift(row)}:
        name, row = next(iter(wrong.items()))
        raise BadInputError(
            beside["rows"], f"a number of levels other than 0, or {OPEN}, for each film", f"{name}: {row}"
        )
    try:
        view = content.pop("view")
        return Source(
            name=path.stem,
            view=View(view) if view else None,
            labelled=parse_levels(content.pop("levels")),
            flawed=films["flaws"],
            rows=films["rows"],
            **content,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(path, "the keys of spineyolo.sources.Source", str(error)) from error


def _is_shift(row: Any) -> bool:
    return type(row) is int and 0 < abs(row) < len(LEVELS)


def parse_levels(text: str) -> tuple[str, ...]:
    """Return the levels that `T1-L5` or `C3, C4, C5` means, in order; all 24 for `all`."""
    if text == "all":
        return LEVELS
    levels: set[str] = set()
    for part in text.split(","):
        ends = _RANGE.match(part.strip())
        first, last = (ends.group(1), ends.group(2)) if ends else (parse_level(part), parse_level(part))
        levels.update(LEVELS[INDEX[first] : INDEX[last] + 1])
    return tuple(sorted(levels, key=INDEX.__getitem__))


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInputError(path, "a source's YAML file", "no such file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInputError(path, "YAML", str(error).replace("\n", " ")) from error
    if not isinstance(content, dict):
        raise BadInputError(path, "a YAML mapping", type(content).__name__)
    return content
