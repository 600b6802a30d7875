"""Candidates of made spines that numbering tests share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spineyolo.anatomy import INDEX, LEVELS


@dataclass(frozen=True)
class Spine:
    """Candidates down a column, and their true names; None for false and double ones."""

    boxes: np.ndarray
    scores: np.ndarray
    names: tuple[str | None, ...]
    height: int

    def __len__(self) -> int:
        return len(self.boxes)

    def without(self, *rows: int) -> Spine:
        """Some candidates missed."""
        kept = [row for row in range(len(self)) if row not in rows]
        names = tuple(self.names[row] for row in kept)
        return replace(self, boxes=self.boxes[kept], scores=self.scores[kept], names=names)

    def plus(self, box: np.ndarray, scores: np.ndarray, name: str | None = None) -> Spine:
        """One candidate more."""
        boxes = np.concatenate([self.boxes, np.asarray(box, np.float32)[None]])
        added = np.concatenate([self.scores, np.asarray(scores, np.float32)[None]])
        return replace(self, boxes=boxes, scores=added, names=(*self.names, name))


def looks_of(index: float, best: float = 0.5, beside: float = 0.2) -> np.ndarray:
    """The score vector of a vertebra that looks like level `index`, and somewhat like its neighbours."""
    scores = np.full(24, 0.001)
    for level in range(24):
        scores[level] = max(scores[level], np.interp(abs(level - index), [0, 1, 2], [best, beside, 0.001]))
    return scores


def spine(top: str, bottom: str, height_px: float = 30.0, margin_px: float = 5.0) -> Spine:
    """A straight column that fills the film, with looks that are right but unsure."""
    levels = LEVELS[INDEX[top] : INDEX[bottom] + 1]
    spacing = 1.35 * height_px
    y0 = margin_px + spacing * np.arange(len(levels))
    boxes = np.stack([np.full(len(levels), 50.0), y0, np.full(len(levels), 90.0), y0 + height_px], axis=1)
    scores = np.stack([looks_of(INDEX[level]) for level in levels])
    return Spine(boxes.astype(np.float32), scores.astype(np.float32), levels, int(y0[-1] + height_px + margin_px))


def bent(levels: tuple[str, ...], swing_deg: float, pitch: float = 40.0) -> Spine:
    """A double curve whose tangent swings to `swing_deg` from the vertical; beyond 90° it folds back on itself."""
    tilt = np.deg2rad(swing_deg) * np.sin(2 * np.pi * (np.arange(len(levels)) + 0.5) / len(levels))
    steps = pitch * np.stack([np.sin(tilt), np.cos(tilt)], axis=1)
    centres = np.cumsum(steps, axis=0)
    body = np.abs(np.stack([48 * np.cos(tilt), 48 * np.sin(tilt)], axis=1))
    end = np.abs(np.stack([32 * np.sin(tilt), 32 * np.cos(tilt)], axis=1))
    half = (body + end) / 2
    centres += 10 - (centres - half).min(axis=0)
    boxes = np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)
    scores = np.stack([looks_of(INDEX[level]) for level in levels]).astype(np.float32)
    return Spine(boxes, scores, levels, int(boxes[:, 3].max() + 10))
