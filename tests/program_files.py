"""Program files for tests: plain exports, and the same files with one thing in them changed."""

import io
import json
import warnings
import zipfile

import torch

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
