"""A labelled set of images that fits in memory, checked once when it is made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from rstheory import _check

MOST_CLASSES = 100_000  # several times ImageNet-21k's; a file may state any number, and a name is kept for each


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images of one size with their labels.

    * images: uint8, shape (n, channels, height, width), n >= 1.
    * labels: int64, shape (n,), each in [0, len(classes)), on the device of the images.
    * classes: the name of each class.
    * name: what to print: the data set, the split, and the format where a lossy one changed the pixels:
      "CIFAR-10 (JPEG) test".

    Raises ValueError, naming the field and what is allowed, for anything else.

    >>> images = torch.arange(8, dtype=torch.uint8).reshape(2, 1, 2, 2)
    >>> data = Dataset(images, torch.tensor([1, 0]), ("cat", "dog"), "two pets")
    >>> len(data), data.shape, data.digest[:8]
    (2, (1, 2, 2), '52ad15cc')
    """

    images: Tensor = field(repr=False)
    labels: Tensor = field(repr=False)
    classes: tuple[str, ...]
    name: str

    def __post_init__(self) -> None:
        _typed("images", self.images, torch.uint8, "(n, channels, height, width), all at least 1", 4)
        _typed("labels", self.labels, torch.int64, "(n,)", 1)
        if len(self.labels) != len(self.images):
            raise ValueError(f"labels has {len(self.labels)} entries, but there are {len(self.images)} images")
        if self.labels.device != self.images.device:
            raise ValueError(f"labels are on {self.labels.device}, images on {self.images.device}: use one device")
        if not self.classes:
            raise ValueError("classes=() is not allowed: there must be at least one class")
        if len(self.classes) > MOST_CLASSES:
            raise ValueError(f"there are {len(self.classes)} classes: at most {MOST_CLASSES} are allowed")
        _check.refuse(
            "labels",
            (labels := self.labels.cpu().numpy()),
            (labels < 0) | (labels >= len(self.classes)),
            f"there are {len(self.classes)} classes, so a label lies in [0, {len(self.classes) - 1}]",
        )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of every image."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the shape, the pixels and the labels: the same on every machine and device.

        Class names and `name` do not enter. Pixels of JPEG files are those that the JPEG decoder made.
        """
        sha = hashlib.sha256(f"{tuple(self.images.shape)}".encode())
        sha.update(self.images.cpu().contiguous().numpy().data)
        sha.update(self.labels.cpu().numpy().astype("<i8").tobytes())  # little-endian, whatever the machine
        return sha.hexdigest()

    def inputs(self, indices: Tensor) -> Tensor:
        """Images as a network takes them: pixel / 255 as float32 in [0, 1], shape (len(indices), *shape).

        indices: int64, shape (k,), on the CPU or where the images are; IndexError beyond the last image.

        >>> data = Dataset(torch.full((1, 1, 1, 2), 51, dtype=torch.uint8), torch.tensor([0]), ("grey",), "one grey")
        >>> data.inputs(torch.tensor([0]))
        tensor([[[[0.2000, 0.2000]]]])
        """
        pixels = self.images[indices].float()
        # CUDA divides by a Python number as a product with its rounded reciprocal, off by an ulp for some pixels.
        return pixels / torch.full((), 255.0, device=pixels.device)

    def every(self, skip: int, limit: int | None = None, start: int = 0) -> Tensor:
        """Indices start, start + skip, start + 2 skip, ..., int64 on the CPU: the subset that is certified.

        * skip: at least 1. The field certifies every 20th image of CIFAR-10's test set.
        * limit: how many indices at most, at least 1; None for no limit.
        * start: the first index, at least 0. ValueError from the last image on.

        The field's scripts call these --skip, --max and --start. Their help says the same of --max; their code
        compares the index with it, not the number of images.

        >>> Dataset(torch.zeros(9, 1, 1, 1, dtype=torch.uint8), torch.zeros(9).long(), ("a",), "x").every(4, start=1)
        tensor([1, 5])
        """
        for name, value in (("skip", skip), ("limit", limit)):
            if value is not None:
                _check.at_least(1, name, value)
        if _check.at_least(0, "start", start) >= len(self):
            raise ValueError(f"start={start} is not allowed: {self.name} has {len(self)} images, 0 to {len(self) - 1}")
        return torch.tensor(range(start, len(self), skip)[:limit])

    def with_channels(self, channels: int) -> Dataset:
        """The same images with this number of channels. Grey ones become colour by saying the same in each channel, and
        colour ones that say the same in each channel become grey.

        ValueError for any other change, which would lose something.

        >>> grey = Dataset(torch.full((1, 1, 1, 1), 7, dtype=torch.uint8), torch.tensor([0]), ("grey",), "one grey")
        >>> grey.with_channels(3).images.flatten().tolist()
        [7, 7, 7]
        """
        if channels == self.shape[0]:
            return self
        first = self.images[:, :1]
        lossless = channels == 1 and bool((self.images == first).all())
        if not lossless and (self.shape[0] != 1 or not 1 <= _check.scalar_int("channels", channels) <= 4):
            raise ValueError(f"channels={channels} is not allowed: the images of {self.name} have {self.shape[0]}")
        return replace(self, images=first.repeat(1, channels, 1, 1))

    def to(self, device: str | torch.device) -> Dataset:
        """The same data on a device."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))


def _typed(name: str, tensor: Tensor, dtype: torch.dtype, shape: str, dimensions: int) -> None:
    if not isinstance(tensor, Tensor) or tensor.dtype != dtype:
        raise ValueError(f"{name} is {getattr(tensor, 'dtype', type(tensor).__name__)}: it must be a {dtype} tensor")
    if tensor.ndim != dimensions or not tensor.numel():
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}: it must be {shape}, with at least one image")
