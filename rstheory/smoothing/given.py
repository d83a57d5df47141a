"""Images that the caller has, as a run takes them: tensors, or a torch Dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from rstheory.smoothing.data import Dataset
from rstheory.smoothing.schedule import Images

_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class Pairs(Protocol):
    """Pairs (image, label) by number: a map-style torch Dataset, or a list."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, place: int, /) -> tuple[Tensor, int]:
        """An image, shape (channels, height, width), and its class."""


@dataclass(frozen=True, eq=False)
class GivenImages:
    """Images and labels in memory, checked once when made.

    images: floating point in [0, 1], shape (n, channels, height, width), n >= 1.
    labels: integers >= 0, shape (n,).
    name: what to call them.

    ValueError, naming the argument and what is allowed, for anything else.

    >>> given = GivenImages(torch.zeros(2, 1, 4, 4), torch.tensor([3, 0]))
    >>> len(given), given.shape, given.inputs(torch.tensor([1])).shape
    (2, (1, 4, 4), torch.Size([1, 1, 4, 4]))
    """

    images: Tensor
    labels: Tensor
    name: str = "tensors"

    def __post_init__(self) -> None:
        if not isinstance(self.images, Tensor) or not self.images.is_floating_point():
            found = getattr(self.images, "dtype", type(self.images).__name__)
            raise ValueError(f"images is {found}: it must be a floating-point tensor in [0, 1]; divide uint8 by 255")
        if self.images.ndim != 4 or not self.images.numel():
            raise ValueError(
                f"images has shape {tuple(self.images.shape)}: it must be (n, channels, height, width), with at least"
                " one image"
            )
        if not isinstance(self.labels, Tensor) or self.labels.dtype not in _INTEGERS:
            found = getattr(self.labels, "dtype", type(self.labels).__name__)
            raise ValueError(f"labels is {found}: it must be an integer tensor")
        if self.labels.shape != self.images.shape[:1]:
            raise ValueError(f"labels has shape {tuple(self.labels.shape)}, but there are {len(self.images)} images")
        if bool((self.labels < 0).any()):
            raise ValueError(f"labels has {int(self.labels.min())}: a label is a class, counted from 0")
        bad = ~((self.images >= 0) & (self.images <= 1)).flatten(1).all(1)
        if bool(bad.any()):
            raise ValueError(f"image {int(bad.nonzero()[0])} is not allowed: pixels must lie in [0, 1]")

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of every image."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of shape, type, pixels and labels."""
        sha = hashlib.sha256(f"{tuple(self.images.shape)} {self.images.dtype}".encode())
        sha.update(self.images.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        sha.update(self.labels.cpu().numpy().astype("<i8").tobytes())
        return sha.hexdigest()

    def inputs(self, indices: Tensor, /) -> Tensor:
        """Some of the images. indices: int64, shape (k,)."""
        return self.images[indices.to(self.images.device)]


def given_images(images: Tensor | Pairs | Dataset, labels: Tensor | Sequence[int] | None) -> Images:
    """What a caller of `certify` hands over, as a run takes it.

    images: a tensor, with labels; or, without labels, pairs (image, label), which are read into memory once, or what
    `rstheory.smoothing.load_data` returned.
    """
    if isinstance(images, Tensor):
        if labels is None:
            raise ValueError("labels is missing: give the class of each image, shape (n,)")
        return GivenImages(images, torch.as_tensor(labels))
    if labels is not None:
        raise ValueError("labels is not allowed beside a data set, which has labels of its own")
    if isinstance(images, Dataset):
        return images
    pairs = [images[place] for place in range(len(images))]
    if not pairs:
        raise ValueError("images is empty: there must be at least one image")
    return GivenImages(
        torch.stack([image for image, _ in pairs]), torch.tensor([int(label) for _, label in pairs]), "dataset"
    )
