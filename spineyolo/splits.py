"""Which film is learnt from, chosen by and measured on."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from spineyolo.film import Film
from spineyolo.sources import Source


def assign(films: Sequence[Film], source: Source, seed: int) -> dict[Path, str]:
    """Return each film's split: train, val or test.

    A split of the source's own is kept. The other films are parted by subject: in the order of a hash of seed,
    source and subject, whole subjects go to test until `source.test_fraction` of them is reached, then to val
    until `source.val_fraction` is, the rest to train. A subject's place depends on nothing but its name.
    """
    splits = {film.path: film.split for film in films if film.split is not None}
    subjects: dict[str, list[Path]] = defaultdict(list)
    for film in films:
        if film.split is None:
            subjects[film.subject].append(film.path)
    total = len(films) - len(splits)
    wanted = {"test": round(source.test_fraction * total), "val": round(source.val_fraction * total)}
    for subject in sorted(subjects, key=lambda name: _rank(seed, source.name, name)):
        split = next((name for name, count in wanted.items() if count > 0), "train")
        splits.update(dict.fromkeys(subjects[subject], split))
        if split != "train":
            wanted[split] -= len(subjects[subject])
    return splits


def _rank(seed: int, source: str, subject: str) -> str:
    return hashlib.sha256(f"{seed}/{source}/{subject}".encode()).hexdigest()
