"""What can be wrong with input, said in a sentence: the file, what was expected, what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


class SpineYoloError(Exception):
    """Base of every error this package raises on purpose; its text is meant for the user."""


class BadInputError(SpineYoloError):
    """A file is not what it should be."""

    def __init__(self, path: Path | str, expected: str, found: str) -> None:
        super().__init__(f"{path}: expected {expected}, found {found}")
        self.path = Path(path)
        self.expected = expected
        self.found = found


class UnknownLevelError(SpineYoloError):
    """A label's name is none of C1…C7, T1…T12, L1…L5."""

    def __init__(self, name: str) -> None:
        super().__init__(f"expected a level C1…C7, T1…T12 or L1…L5, found {name!r}")
        self.name = name


@dataclass
class Skipped:
    """Counts and lists what was left out, so that nothing is skipped in silence."""

    errors: list[BadInputError] = field(default_factory=list)

    def add(self, error: BadInputError) -> None:
        """Note one skipped film or label."""
        self.errors.append(error)

    def __len__(self) -> int:
        return len(self.errors)
