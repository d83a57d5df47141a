"""Options that several commands share, each declared once: its name, what it takes, its help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rstheory.cli.common import level, positive

_CHECKPOINT = typer.Option(
    "--checkpoint",
    dir_okay=False,
    help="Base classifier: our .safetensors, the field's checkpoint.pth.tar, or, with --trust-program, a"
    " torch.export (.pt2) or TorchScript file.",
)
Checkpoint = Annotated[Path, _CHECKPOINT]
CheckpointIfNew = Annotated[Path | None, _CHECKPOINT]
_DATA = typer.Option(
    "--data",
    help="digits, cifar10 (the folder that RSTHEORY_CIFAR10 names), or a path: cifar-10-batches-py,"
    " cifar-100-python or their archives, a data set of the Hugging Face hub, a folder of image folders.",
)
Data = Annotated[str, _DATA]
DataIfNew = Annotated[str | None, _DATA]
_SIGMA = typer.Option("--sigma", callback=positive, help="Noise level, for pixels in [0, 1].")
Sigma = Annotated[float, _SIGMA]
SigmaIfNew = Annotated[float | None, _SIGMA]
_OUT = typer.Option("--out", dir_okay=False, help="Log to write, tab-separated.")
Out = Annotated[Path, _OUT]
OutIfNew = Annotated[Path | None, _OUT]
N = Annotated[int, typer.Option("--n", "-n", min=1, help="Draws that count the class.")]
Alpha = Annotated[
    float, typer.Option(callback=level, help="Significance level: probability, per image, that the answer is wrong.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the noise.")]
AnyKernels = Annotated[
    bool,
    typer.Option(
        "--any-kernels",
        help="Go on, or share the work, with machines whose processor or card computes by other kernels. They may count"
        " differently; each row of the log says which it was.",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a log that is there.")]
Split = Annotated[str, typer.Option(help="Part of the data set.")]
Label = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Which labels, such as coarse_label; default: label, else fine_label."),
]
Channels = Annotated[
    int | None, typer.Option(min=1, max=4, help="3 reads grey images as colour, 1 the other way; default: as saved.")
]
TrustProgram = Annotated[
    bool,
    typer.Option("--trust-program", help="Run the code in a .pt2 or TorchScript file. Trust whoever made it."),
]
Start = Annotated[int, typer.Option(min=0, help="Number of the first image. Chunks of one run differ in it.")]
Skip = Annotated[int, typer.Option(min=1, help="Take every SKIP-th image only, from --start on.")]
Max = Annotated[int | None, typer.Option("--max", min=1, help="Take at most this many images.")]
Dtype = Annotated[
    str,
    typer.Option(
        help="float32 (on CUDA with TF32 convolutions, torch's default), bfloat16 or float16 (faster where the hardware"
        " has them; the network certified is then that one)."
    ),
]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto.")]
Batch = Annotated[
    int | None, typer.Option(min=1, help="Noisy images per forward pass. Default: 256 on the CPU, 2048 on CUDA.")
]
Mean = Annotated[
    str | None,
    typer.Option(
        help="Normalisation of a published checkpoint, which lacks it: 0.4914,0.4822,0.4465; default: the usual."
    ),
]
Std = Annotated[
    str | None,
    typer.Option(help="The same for the divisor, with or without --mean. SmoothAdv's checkpoints need 1,1,1."),
]
Compile = Annotated[bool, typer.Option("--compile", help="Compile the network with torch.compile first.")]


def numbers(option: str, text: str | None) -> list[float] | None:
    """Numbers with commas between them."""
    try:
        return None if text is None else [float(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(f"{option}={text} is not allowed: give numbers with commas between them") from None
