"""scikit-learn's digits: 1,797 real images of 8 x 8 pixels that need no download."""

from __future__ import annotations

import numpy as np
import torch

from rstheory.smoothing.data.dataset import Dataset
from rstheory.smoothing.data.missing import no_package, no_split

SPLITS = ("train", "test")
_WHITE = 16  # the pixels count the dark points, 0 to 16, in a square of 4 x 4


def read(split: str) -> Dataset:
    """One split of the digits: images 0, 4, 8, ... are "test" (450), the others "train" (1,347).

    Pixels are scaled from 0..16 to 0..255 and rounded; shape (1, 8, 8). Raises ImportError without scikit-learn.
    """
    if split not in SPLITS:
        raise no_split("digits", split, SPLITS)
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise no_package("scikit-learn", "the data set digits", "digits") from error
    digits = load_digits()
    chosen = (np.arange(len(digits.target)) % 4 == 0) == (split == "test")
    pixels = np.rint(digits.images[chosen, None] * 255 / _WHITE).astype(np.uint8)
    labels = torch.from_numpy(digits.target[chosen].astype(np.int64))
    return Dataset(torch.from_numpy(pixels), labels, tuple(map(str, range(10))), f"digits {split}")
