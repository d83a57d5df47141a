"""Image files to one tensor, through Pillow."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rstheory.smoothing.data.missing import no_package

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
_LOSSLESS = {"PNG", "BMP"}
# Eight bits a channel and nothing to see through: RGB shows the same. An alpha channel would be lost, 16 bits clipped.
_MODES = ("1", "L", "P", "RGB", "CMYK")
_CHUNK = 250  # images that one thread decodes before it takes the next
# Pillow lets go of the interpreter only inside its decoders. On 2 cores two threads took half as long again as one for
# 32 x 32 JPEG images, 0.9 times for 128 x 128 and 0.7 times for 224 x 224.
_WORTH_THREADS = 128 * 128


def decode(images: Sequence[tuple[str, bytes | Path]]) -> tuple[Tensor, frozenset[str]]:
    """All images as RGB, uint8 of shape (n, 3, height, width), and the formats they were in ("JPEG", "PNG", ...).

    images: for each, what to call it in errors, and the encoded image or its path; at least one. Raises ValueError,
    naming the image, if one is damaged, has another size than the first, or is not plain 8-bit colour; ImportError
    without Pillow; OSError if a file cannot be opened.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise no_package("pillow", "reading images", "torch") from error

    def read(i: int, out: NDArray[np.uint8] | None = None) -> tuple[tuple[int, int], str]:
        """Size (width, height) and format of image i; its pixels go to `out`, shape (3, height, width)."""
        name, content = images[i]
        encoded = content if isinstance(content, bytes) else content.read_bytes()
        try:
            with Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
                if image.mode not in _MODES or "transparency" in image.info:
                    clear = " with transparency" if "transparency" in image.info else ""
                    raise ValueError(f"its pixels are {image.mode}{clear}: convert it to 8-bit RGB")
                if out is not None:
                    if image.size != size:
                        raise ValueError(
                            f"it has {image.width}x{image.height} pixels, and {images[0][0]} {size[0]}x{size[1]}:"
                            " all images must have one size; resize them first"
                        )
                    out[:] = np.asarray(image if image.mode == "RGB" else image.convert("RGB")).transpose(2, 0, 1)
                return image.size, image.format or "unknown format"
        except UnidentifiedImageError as error:  # its own words name an object in memory
            raise ValueError(f"{name}: it is no image that can be read ({', '.join(_FORMATS)})") from error
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # what Pillow's readers raise
            raise ValueError(f"{name}: {error}") from error

    def chunk(start: int) -> set[str]:
        return {read(i, pixels[i])[1] for i in range(start, min(start + _CHUNK, len(images)))}

    size, _ = read(0)
    pixels = np.empty((len(images), 3, size[1], size[0]), np.uint8)
    threads = (os.cpu_count() or 1) if size[0] * size[1] >= _WORTH_THREADS else 1
    with ThreadPoolExecutor(threads) as pool:
        formats = frozenset().union(*pool.map(chunk, range(0, len(images), _CHUNK)))
    return torch.from_numpy(pixels), formats


def title(dataset: str, formats: frozenset[str], split: str) -> str:
    """The name of a data set, with the formats that changed its pixels.

    >>> print(title("CIFAR-10", frozenset({"JPEG"}), "test"), title("CIFAR-10", frozenset({"PNG"}), "test"), sep=" | ")
    CIFAR-10 (JPEG) test | CIFAR-10 test
    """
    lossy = sorted(formats - _LOSSLESS)
    return f"{dataset} ({', '.join(lossy)}) {split}" if lossy else f"{dataset} {split}"
