"""Random changes of training batches, as tensor operations on the whole batch."""

from __future__ import annotations

import torch
from torch import Tensor

from rstheory import _check


def flip_and_crop(images: Tensor, generator: torch.Generator, pad: int = 4) -> Tensor:
    """Each image padded with zeros, cropped back to its size at a random place, and mirrored with probability 1/2.

    * images: any dtype, shape (n, channels, height, width), on any device.
    * generator: where the random numbers come from. They are drawn on its device, so that a CPU generator gives the
      same crops whatever device the images are on. A generator on the device of the images saves the copy.
    * pad: zeros on each side, at least 0. The place of the crop is uniform among (2 pad + 1)^2.

    Returns a new contiguous tensor like `images`.

    >>> image = torch.arange(1, 5).reshape(1, 1, 2, 2)
    >>> flip_and_crop(image, torch.Generator().manual_seed(5), pad=1)
    tensor([[[[0, 0],
              [2, 1]]]])
    """
    if images.ndim != 4:
        raise ValueError(f"images has shape {tuple(images.shape)}: it must be (n, channels, height, width)")
    if _check.scalar_int("pad", pad) < 0:
        raise ValueError(f"pad={pad} is not allowed: it must not be negative")
    flip, top, left = (draw.to(images.device, non_blocking=True) for draw in draws(len(images), generator, pad))
    n, channels, height, width = images.shape
    padded = torch.nn.functional.pad(images, [pad] * 4)
    across = torch.arange(width, device=images.device)
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = left[:, None] + torch.where(flip[:, None], width - 1 - across, across)
    # One gather over flattened pixels; `expand` repeats the places for every channel without storing them again.
    places = rows[:, :, None] * (width + 2 * pad) + columns[:, None, :]
    places = places.reshape(n, 1, height * width).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, places).reshape(images.shape)


def draws(n: int, generator: torch.Generator, pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each of n images: whether to flip (bool), first row and first column of the crop (int64, 0 to 2 pad)."""
    flip = torch.randint(2, (n,), generator=generator, device=generator.device)
    top, left = torch.randint(2 * pad + 1, (2, n), generator=generator, device=generator.device)
    return flip.bool(), top, left


def mirror_and_shift(images: Tensor, mirrored: Tensor, generator: torch.Generator, by: int = 2) -> Tensor:
    """Some images mirrored, then each moved by up to `by` pixels in both directions; edges are continued by reflection.

    * images: any dtype, shape (n, channels, height, width), on any device.
    * mirrored: which of them, bool, shape (n,).
    * generator: where the random numbers come from; they are drawn on its device.
    * by: pixels, at least 0, less than height and width. The shift is uniform among (2 by + 1)^2.

    Returns a new contiguous tensor like `images`.

    >>> image = torch.arange(1, 5).reshape(1, 1, 2, 2)
    >>> mirror_and_shift(image, torch.tensor([True]), torch.Generator(), by=0)
    tensor([[[[2, 1],
              [4, 3]]]])
    """
    if images.ndim != 4:
        raise ValueError(f"images has shape {tuple(images.shape)}: it must be (n, channels, height, width)")
    n, channels, height, width = images.shape
    if not 0 <= _check.scalar_int("by", by) < min(height, width):
        raise ValueError(f"by={by} is not allowed: it must be from 0 to {min(height, width) - 1}")
    down, right = torch.randint(-by, by + 1, (2, n), generator=generator, device=generator.device).to(images.device)
    rows = _reflected(down[:, None] + torch.arange(height, device=images.device), height)
    columns = _reflected(right[:, None] + torch.arange(width, device=images.device), width)
    columns = torch.where(mirrored[:, None], width - 1 - columns, columns)
    places = (rows[:, :, None] * width + columns[:, None, :]).reshape(n, 1, height * width).expand(-1, channels, -1)
    return images.flatten(2).gather(2, places).reshape(images.shape)


def _reflected(places: Tensor, size: int) -> Tensor:
    """Places outside 0..size - 1 reflected at the first and last one."""
    return size - 1 - (size - 1 - places.abs()).abs()
