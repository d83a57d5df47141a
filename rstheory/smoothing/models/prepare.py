"""A model made ready to classify millions of noisy inputs: fixed, folded, and laid out for the machine."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from rstheory.smoothing.models.program import Program

FOLDED = {nn.Conv1d: nn.BatchNorm1d, nn.Conv2d: nn.BatchNorm2d, nn.Conv3d: nn.BatchNorm3d}


def prepare(
    model: nn.Module,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    fold: bool = True,
) -> nn.Module:
    """A copy of `model` for inference; the model passed in stays as it is.

    The copy is in eval mode, of that type, on that device. Batch norm is folded into the convolutions (unless
    fold=False), and channels come last in memory. Its weights need no gradients; those of its input still exist. Inputs
    must come in the same type. Programs are not folded or laid out anew.

    The copy is a function of its own: folding and bfloat16 round differently. A certificate counts the votes of the
    model that was prepared this way, and holds for that one.

    >>> import torch
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    >>> prepare(model)[1], model.training
    (Identity(), True)
    """
    if not dtype.is_floating_point:
        raise ValueError(f"dtype={dtype} is not allowed: networks compute in floating point, such as torch.bfloat16")
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    if isinstance(copied, Program):  # its graph may have strides written into it, as view does
        return copied.to(device, dtype)
    if fold:
        _fold(copied)  # in the type it was trained in, for the product of two rounded factors is worse
    lay_out: Any = copied.to  # torch's annotations leave memory_format out
    prepared: nn.Module = lay_out(device, dtype, memory_format=torch.channels_last)
    return prepared


def _fold(model: nn.Module) -> None:
    """Replace, in place, each convolution that only feeds a batch norm by one that does both, and that by Identity.

    The traced graph shows who feeds whom; the model keeps its own forward pass.
    """
    try:
        graph = fx.Tracer().trace(model)
    except (fx.proxy.TraceError, TypeError, RuntimeError):
        # Not every forward pass can be traced: one that branches on its input (TraceError), or makes Python numbers of
        # it (TypeError, RuntimeError). It runs unfolded; if these were its own errors, running it raises them again.
        return
    # A layer that is called twice or goes by two names cannot be replaced, nor one whose weights are read directly: the
    # other caller would get the folded one, or miss it.
    uses = Counter(model.get_submodule(str(node.target)) for node in graph.nodes if node.op == "call_module")
    uses |= Counter(module for _, module in model.named_modules(remove_duplicate=False))
    read = {str(node.target).rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"}
    for node in graph.nodes:
        source = node.args[0] if node.op == "call_module" and node.args else None
        if not isinstance(source, fx.Node) or source.op != "call_module" or len(source.users) > 1:
            continue
        names = str(source.target), str(node.target)
        conv: Any = model.get_submodule(names[0])
        norm: Any = model.get_submodule(names[1])
        if FOLDED.get(type(conv)) is not type(norm) or read & set(names) or max(uses[conv], uses[norm]) > 1:
            continue
        if norm.running_var is not None:  # without statistics of its own it would use each batch's
            model.set_submodule(names[0], fuse_conv_bn_eval(conv, norm))
            model.set_submodule(names[1], nn.Identity().eval())
