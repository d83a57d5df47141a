"""Options that several commands share, each declared once: its name, what it takes, its help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rstheory.cli.common import level, positive

Checkpoint = Annotated[
    Path,
    typer.Option(
        "--checkpoint",
        dir_okay=False,
        help="Base classifier: our .safetensors, the field's checkpoint.pth.tar, a torch.export or TorchScript file.",
    ),
]
Data = Annotated[
    str,
    typer.Option(
        "--data",
        help="digits, cifar10 (the folder that RSTHEORY_CIFAR10 names), or a path: cifar-10-batches-py or its archive,"
        " a folder of Parquet files, a folder of image folders.",
    ),
]
Sigma = Annotated[float, typer.Option("--sigma", callback=positive, help="Noise level, for pixels in [0, 1].")]
Out = Annotated[Path, typer.Option("--out", dir_okay=False, help="Log to write, tab-separated.")]
N = Annotated[int, typer.Option("--n", "-n", min=1, help="Draws that count the class.")]
Alpha = Annotated[float, typer.Option(callback=level, help="Probability of a wrong answer, a sample.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the noise.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a log that is there.")]
Split = Annotated[str, typer.Option(help="Part of the data set.")]
Skip = Annotated[int, typer.Option(min=1, help="Take every SKIP-th image only.")]
Max = Annotated[int | None, typer.Option("--max", min=1, help="Take so many images at most.")]
Dtype = Annotated[
    str,
    typer.Option(
        help="float32 (on CUDA with TF32 convolutions, torch's default), bfloat16 or float16 (faster where the hardware"
        " has them; the network certified is then that one)."
    ),
]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto.")]
Batch = Annotated[
    int | None, typer.Option(min=1, help="Noisy images a forward pass; default 256 on CPU, 2048 on CUDA.")
]
Mean = Annotated[
    str | None,
    typer.Option(
        help="Normalisation of a published checkpoint, which lacks it: 0.4914,0.4822,0.4465; default: the usual."
    ),
]
Std = Annotated[str | None, typer.Option(help="Likewise; SmoothAdv's checkpoints need 1,1,1.")]
Compile = Annotated[bool, typer.Option("--compile", help="Compile the network with torch.compile first.")]


def numbers(option: str, text: str | None) -> list[float] | None:
    """Numbers with commas between them."""
    try:
        return None if text is None else [float(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(f"{option}={text} is not allowed: give numbers with commas between them") from None
