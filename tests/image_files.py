"""Images for tests: pictures, encoded, in Parquet files and in folders."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

PETS = ("cat", "dog", "fox")


def pictures(n, height=4, width=5, seed=0):
    """uint8 of shape (n, 3, height, width)."""
    return np.random.default_rng(seed).integers(0, 256, (n, 3, height, width), np.uint8)


def encode(picture, form="PNG", mode="RGB", **options) -> bytes:
    out = io.BytesIO()
    array = picture.transpose(1, 2, 0) if picture.ndim == 3 else picture
    image = Image.fromarray(array)
    (image if image.mode == mode else image.convert(mode)).save(out, form, **options)
    return out.getvalue()


def write_parquet(path, encoded, labels, classes=PETS, column="img", **changes) -> Path:
    """One file in the Hugging Face schema; `changes` replace its columns."""
    image = pa.array([{"bytes": content, "path": f"{i}.png"} for i, content in enumerate(encoded)], IMAGE)
    columns = {column: image, "label": pa.array(labels, pa.int64())} | changes
    table = pa.table({name: values for name, values in columns.items() if values is not None})
    if classes is not None:
        features = {column: {"_type": "Image"}, "label": {"names": classes, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def write_tree(root, split, pictures_by_class, form="png"):
    for name, images in pictures_by_class.items():
        folder = root / split / name
        folder.mkdir(parents=True)
        for i, picture in enumerate(images):
            (folder / f"{i:03}.{form}").write_bytes(encode(picture, "JPEG" if form.startswith("jp") else form.upper()))
