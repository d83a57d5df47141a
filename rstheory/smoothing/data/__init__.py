"""Images with labels, from the forms in which people have them, whole in memory as uint8.

`load` finds out which form a path has. `cifar` reads CIFAR-10 and CIFAR-100 as published, through `unpickle`, which
builds arrays and nothing else. `parquet` reads data sets of the Hugging Face hub, `folder` trees of image files, and
`digits` scikit-learn's digits. `dataset` is what all of them return. `augment` changes batches at random for training.
"""

from rstheory.smoothing.data.augment import flip_and_crop, mirror_and_shift
from rstheory.smoothing.data.dataset import Dataset
from rstheory.smoothing.data.source import load

__all__ = ["Dataset", "flip_and_crop", "load", "mirror_and_shift"]
