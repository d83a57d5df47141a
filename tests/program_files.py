"""Program files for tests: plain exports, and the same files with one thing in them changed."""

import functools
import io
import json
import os
import tempfile
import warnings
import zipfile
from pathlib import Path

import torch
from torch import nn

from rstheory.smoothing.models import load_checkpoint

DIGITS = (1, 8, 8)
GRAPH, WEIGHTS = "models/model.json", "data/weights/model_weights_config.json"
CONSTANTS, SAMPLES = "data/constants/model_constants_config.json", "data/sample_inputs/model.pt"


def export(path, model, batch="any", shape=DIGITS):
    """`torch.export.save`; batch: "any" number of inputs, or that many only."""
    dynamic = ({0: torch.export.Dim("batch")},) if batch == "any" else None
    example = torch.rand(2 if batch == "any" else batch, *shape)
    torch.export.save(torch.export.export(model, (example,), dynamic_shapes=dynamic), path)


def script(path, model):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated", DeprecationWarning)
        torch.jit.script(model).save(path)


def trace(path, model, shape=DIGITS):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecation, and what tracing does not see in layers that check their input
        torch.jit.trace(model, torch.rand(2, *shape), check_trace=False).save(path)


def read_members(path):
    """{name: content} without the folder that holds all."""
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def write_members(path, held, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in held.items():
            archive.writestr(f"archive/{name}", content)


def change(path, **members):
    """Replace members by what functions of the old content return; an argument "a__b" means "a/b"."""
    held = read_members(path)
    for name, new in members.items():
        held[name] = new(held[name]) if callable(new) else new
    write_members(path, held)


def change_json(path, name, edit):
    """`edit` changes the parsed JSON of a member in place."""

    def edited(content):
        value = json.loads(content)
        edit(value)
        return json.dumps(value).encode()

    change(path, **{name: edited})


def saved(value):
    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


class SizedPooling(nn.Module):
    """Its graph computes with the size of the batch, so that shapes are expressions."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Linear(27, 10)

    def forward(self, x):
        out = nn.functional.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)
        out = torch.cat([out, out]).view(2 * x.shape[0], -1)
        return nn.functional.gelu(self.fc(out[: x.shape[0]]), approximate="tanh")


class Harm:
    """Pickled, it makes a folder when it is opened."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@functools.cache
def plain(name):
    """Content of a plain export of `SizedPooling`: "exported", "scripted" or "traced"."""
    write = {"exported": export, "scripted": script, "traced": trace}[name]
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, name), SizedPooling().eval())
        return Path(folder, name).read_bytes()


def write_plain(folder, name="exported"):
    """One of the plain exports as a file."""
    path = Path(folder, "program.pt2")
    path.write_bytes(plain(name))
    return path


def load(path):
    return load_checkpoint(path, shape=DIGITS, trust_program=True)
