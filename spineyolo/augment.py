"""What one film looks like on another machine: grey-scale augmentation for training."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

GAMMA: Final = (0.6, 1.6)
"""Range of the tone curve's exponent, drawn on a logarithmic scale."""

BLUR_PX: Final = 1.2
NOISE_GREY: Final = 8.0
_SHARE: Final = 0.5  # of films that get each change


class FilmLook:
    """Changes tone, contrast, sharpness and noise of a training film at random, as an Ultralytics transform.

    Windowing, detector and scatter differ from hospital to hospital; anatomy does not, so outlines stay.
    """

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        """Return `labels` with its `img` `(height, width, 3)` changed; all channels stay alike."""
        labels["img"] = vary(labels["img"], np.random.default_rng(np.random.randint(2**31)))  # noqa: NPY002
        return labels


def vary(image: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a varied copy of an 8 bit picture `(height, width, 3)`, the same for the same generator state."""
    grey = np.arange(256) / 255
    if rng.random() < _SHARE:
        grey = grey ** np.exp(rng.uniform(*np.log(GAMMA)))
    if rng.random() < _SHARE:
        dark, bright = rng.uniform(-0.12, 0.16), rng.uniform(0.78, 1.14)
        grey = np.clip((grey - dark) / (bright - dark), 0, 1)
    varied = np.asarray(grey * 255, np.float32)[image]
    if rng.random() < _SHARE / 2:
        varied = np.asarray(cv2.GaussianBlur(varied, (0, 0), rng.uniform(0.3, BLUR_PX)), np.float32)
    if rng.random() < _SHARE / 2:
        varied = varied + np.float32(rng.normal(0, rng.uniform(1, NOISE_GREY), (*image.shape[:2], 1)))
    return np.asarray(np.clip(varied + 0.5, 0, 255), np.uint8)
