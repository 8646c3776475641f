# SPDX-License-Identifier: Apache-2.0
"""The handwritten digits of scikit-learn, split once and for all into training and held-back images.

An image is 8x8 pixels, row by row from the top left, each 0 (paper) to 16 (ink). The network sees ``pixel / 16``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

#: the images the network never sees in training; a copy of what `split` gives, so that a build needs no scikit-learn
HELD_BACK = Path(__file__).with_name("held_back.npz")


@dataclass(frozen=True, slots=True)
class Digits:
    """Images as uint8 [count, 8, 8] with values 0..16, and what they show as uint8 [count]."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]

    def inputs(self) -> npt.NDArray[np.float32]:
        """The images as the network takes them: float32 [count, 1, 8, 8], 0.0 to 1.0."""
        return (self.images[:, np.newaxis] / np.float32(16)).astype(np.float32)


def split() -> tuple[Digits, Digits]:
    """Training images (1437) and held-back images (360): every fifth image is held back, from the first on."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    held_back = np.arange(len(labels)) % 5 == 0
    return Digits(images[~held_back], labels[~held_back]), Digits(images[held_back], labels[held_back])


def save(digits: Digits, path: Path) -> None:
    """Write `digits` as a compressed .npz; the same images always give the same bytes."""
    np.savez_compressed(path, images=digits.images, labels=digits.labels)


def load(path: Path = HELD_BACK) -> Digits:
    """Read what `save` wrote."""
    with np.load(path) as file:
        return Digits(file["images"], file["labels"])
