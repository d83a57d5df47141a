"""Which kernels compute a network: the same weights and noise may round to other classes under others."""

from __future__ import annotations

import os

import torch

# What torch's and oneDNN's kernels for the CPU are chosen by, from the oldest to the newest.
_FEATURES = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16")
_LIMITS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")  # variables by which people choose older ones


def kernels_of(device: torch.device) -> str:
    """The card, or the processor's instructions that kernels are chosen by, for the identity of a run.

    Two machines of one name are expected to count alike with the same software; two of different names are not. Counts
    of one network under one noise differed by 1 in 10,000 between AVX2 and AVX-512.

    >>> kernels_of(torch.device("cpu")).split()[0]
    'cpu'
    """
    if device.type == "cuda":
        return f"cuda {torch.cuda.get_device_name(device)}"
    able = torch.cpu.get_capabilities()
    features = [name for name in _FEATURES if able.get(name)]
    limits = [f"{name}={os.environ[name]}" for name in _LIMITS if os.environ.get(name)]
    return " ".join([device.type, str(able.get("architecture", "unknown")), *features, *limits])
