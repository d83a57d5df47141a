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

from rstheory._words import printable
from rstheory.smoothing.data.missing import no_package

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
_LOSSLESS = {"PNG", "BMP"}
# Eight bits a channel and nothing to see through: RGB shows the same. An alpha channel would be lost, 16 bits clipped.
_MODES = ("1", "L", "P", "RGB", "CMYK")
_MOST_PIXELS, _LARGEST_FILE = 2**24, 2**28  # of one image: some kilobytes can claim to be 30,000 x 30,000 pixels
_GREY = ("1", "L")
_CHUNK = 250  # images that one thread decodes before it takes the next
# Pillow lets go of the interpreter only inside its decoders. On 2 cores two threads took half as long again as one for
# 32 x 32 JPEG images, 0.9 times for 128 x 128 and 0.7 times for 224 x 224.
_WORTH_THREADS = 128 * 128


def decode(images: Sequence[tuple[str, bytes | Path]]) -> tuple[Tensor, frozenset[str]]:
    """All images, uint8 of shape (n, channels, height, width), and the formats they were in ("JPEG", "PNG", ...).

    There is one channel where every image is grey, else there are red, green and blue.

    images: for each, what to call it in errors, and the encoded image or its path; at least one. Raises ValueError,
    naming the image, if one is damaged, has another size than the first, is not plain 8-bit colour, or is far too
    large, and if all together exceed the memory of this machine; ImportError without Pillow; OSError if a file cannot
    be opened.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise no_package("pillow", "reading images", "torch") from error

    def read(i: int, out: NDArray[np.uint8] | None = None) -> tuple[tuple[int, int], str, bool]:
        """Size (width, height) and format of image i, and whether it is grey; its pixels go to `out`, in RGB."""
        name, content = images[i]
        encoded = content if isinstance(content, bytes) else _content(content)
        try:
            with Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise ValueError(f"it has {image.width}x{image.height} pixels: at most {_MOST_PIXELS} are decoded")
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
                return image.size, image.format or "unknown format", image.mode in _GREY
        except UnidentifiedImageError as error:  # its own words name an object in memory
            raise ValueError(f"{name}: it is no image that can be read ({', '.join(_FORMATS)})") from error
        except (OSError, ValueError, SyntaxError, *bombs) as error:  # what Pillow's readers raise
            raise ValueError(f"{name}: {error}") from error

    def chunk(start: int) -> set[tuple[str, bool]]:
        return {read(i, pixels[i])[1:] for i in range(start, min(start + _CHUNK, len(images)))}

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    size, *_ = read(0)
    refuse_beyond_memory(3 * len(images) * size[0] * size[1], f"{len(images)} images of {size[0]}x{size[1]} pixels")
    pixels = np.empty((len(images), 3, size[1], size[0]), np.uint8)
    threads = (os.cpu_count() or 1) if size[0] * size[1] >= _WORTH_THREADS else 1
    with ThreadPoolExecutor(threads) as pool:
        kinds = set().union(*pool.map(chunk, range(0, len(images), _CHUNK)))
    if all(grey for _, grey in kinds):  # the three channels say the same
        pixels = np.ascontiguousarray(pixels[:, :1])
    return torch.from_numpy(pixels), frozenset(form for form, _ in kinds)


def refuse_beyond_memory(needed: int, what: str) -> None:
    """Raise ValueError where `what` takes more bytes than this machine has, before anything is taken."""
    if needed > (there := physical_memory()):
        raise ValueError(f"{what} take {needed / 2**30:.1f} GiB, and this machine has {there / 2**30:.1f} GiB")


def physical_memory() -> int:
    """Bytes of memory of this machine; 2**40 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no such call on Windows, no such name on some systems
        return 2**40


def _content(path: Path) -> bytes:
    if (size := path.stat().st_size) > _LARGEST_FILE:
        raise ValueError(f"{path}: it has {size} bytes: at most {_LARGEST_FILE} are read")
    return path.read_bytes()


def title(dataset: str, formats: frozenset[str], split: str) -> str:
    """The name of a data set, with the formats that changed its pixels. It stands in logs and on the terminal, so it is
    cut where it is long, and signs that cannot be printed are escaped.

    >>> print(title("CIFAR-10", frozenset({"JPEG"}), "test"), title("CIFAR-10", frozenset({"PNG"}), "test"), sep=" | ")
    CIFAR-10 (JPEG) test | CIFAR-10 test
    """
    dataset = printable(dataset[:100])
    lossy = sorted(formats - _LOSSLESS)
    return f"{dataset} ({', '.join(lossy)}) {split}" if lossy else f"{dataset} {split}"
