"""What can be wrong with input, said in a sentence: the file, what was expected, what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_LONGEST_QUOTE: Final = 300
"""Characters of a file's content that a sentence quotes at most."""


class SpineYoloError(Exception):
    """Base of every error this package raises on purpose; its text is meant for the user."""


class BadInputError(SpineYoloError):
    """A file is not what it should be."""

    def __init__(self, path: Path | str, expected: str, found: str) -> None:
        super().__init__(path, expected, found)  # all three, so that it can be sent from one process to another
        self.path = Path(path)
        self.expected = _printable(expected)
        self.found = _printable(found[:_LONGEST_QUOTE] + "…" * (len(found) > _LONGEST_QUOTE))

    def __str__(self) -> str:
        return f"{_printable(str(self.args[0]))}: expected {self.expected}, found {self.found}"


class NotWrittenError(SpineYoloError):
    """A file or folder could not be written; what was there before is untouched."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(path, reason)

    def __str__(self) -> str:
        return f"{_printable(str(self.args[0]))}: not written, {self.args[1]}"


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


def _printable(text: str) -> str:
    """Return a text with what a terminal would obey or cannot show (escapes, line ends, half characters) spelt out."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
