"""`rstheory certify` and `rstheory predict`: class counts of a checkpoint under noise, into a log."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from rstheory.cli.common import UNREADABLE, USAGE, level, positive, refuse

Checkpoint = Annotated[
    Path,
    typer.Option(
        "--checkpoint",
        dir_okay=False,
        help="Base classifier: our .safetensors, the field's checkpoint.pth.tar, or, with --trust-program, a"
        " torch.export (.pt2) or TorchScript file.",
    ),
]
Data = Annotated[
    str,
    typer.Option(
        "--data",
        help="digits, cifar10 (the folder that RSTHEORY_CIFAR10 names), or a path: cifar-10-batches-py,"
        " cifar-100-python or their archives, a data set of the Hugging Face hub, a folder of image folders.",
    ),
]
Sigma = Annotated[float, typer.Option("--sigma", callback=positive, help="Noise level, for pixels in [0, 1].")]
Out = Annotated[Path, typer.Option("--out", dir_okay=False, help="Log to write, tab-separated.")]
N = Annotated[int, typer.Option("--n", "-n", min=1, help="Draws that count the class.")]
Alpha = Annotated[float, typer.Option(callback=level, help="Probability of a wrong answer, a sample.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the noise.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a log that is there.")]
Split = Annotated[str, typer.Option(help="Part of the data set.")]
Label = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Which labels, such as coarse_label; default: label, else fine_label."),
]
Channels = Annotated[
    int | None, typer.Option(min=1, max=4, help="3 reads grey images as colour; default: they stay grey if all are.")
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
    int | None, typer.Option(min=1, help="Noisy images a forward pass; default 256 on CPU, 2048 on CUDA.")
]
Mean = Annotated[
    str | None,
    typer.Option(
        help="Normalisation of a published checkpoint, which lacks it: 0.4914,0.4822,0.4465; default: the usual."
    ),
]
Std = Annotated[str | None, typer.Option(help="Likewise, with or without --mean; SmoothAdv's checkpoints need 1,1,1.")]
Compile = Annotated[bool, typer.Option("--compile", help="Compile the network with torch.compile first.")]


def certify(
    checkpoint: Checkpoint,
    data: Data,
    sigma: Sigma,
    out: Out,
    n: N = 100_000,
    n0: Annotated[int, typer.Option("--n0", min=1, help="Draws that pick the class.")] = 100,
    alpha: Alpha = 0.001,
    seed: Seed = 0,
    resume: Resume = False,
    split: Split = "test",
    label: Label = None,
    channels: Channels = None,
    start: Start = 0,
    skip: Skip = 1,
    max_: Max = None,
    dtype: Dtype = "float32",
    device: Device = "auto",
    batch: Batch = None,
    compile_: Compile = False,
    mean: Mean = None,
    std: Std = None,
    trust_program: TrustProgram = False,
) -> None:
    """Certify a smoothed classifier (CERTIFY of Cohen et al. 2019): every radius, with the counts that prove it.

    A run that was killed goes on with --resume and ends in the same log. Several processes share the work under
    torchrun: torchrun --nproc-per-node 2 -m -- rstheory certify ...

    Without the --, torchrun on Python 3.11 takes --n and --max for options of its own.
    """
    from rstheory import budget_for_acr, min_certifiable_count
    from rstheory.smoothing.progress import draw_progress
    from rstheory.smoothing.run import Machine, run_checkpoint
    from rstheory.smoothing.tasks import Certify

    with refusals():
        if min_certifiable_count(n, alpha) > n:
            least = budget_for_acr(0, alpha).n
            raise ValueError(f"--n {n} certifies nothing at alpha={alpha:g}, whatever is drawn: take at least {least}")
        tau = run_checkpoint(
            task := Certify(sigma, n, n0, alpha, seed),
            checkpoint=checkpoint,
            source=data,
            out=out,
            split=split,
            label=label,
            channels=channels,
            start=start,
            skip=skip,
            limit=max_,
            machine=Machine(dtype, device, batch, compile_),
            mean=_numbers("--mean", mean),
            std=_numbers("--std", std),
            trust_program=trust_program,
            resume=resume,
            progress=draw_progress,
        )
    if tau is None:  # the first process speaks for all
        return
    from rstheory.audit.read import read_log

    log = read_log(out)
    typer.echo(f"ACR {log.acr:.4f} over {log.samples} samples, at sigma={sigma}, N={n}, alpha={alpha}")
    typer.echo(f"  certified accuracy at radius 0 {log.clean_accuracy:.4f}, abstained {log.abstain_rate:.4f}")
    typer.echo(f"  level including the noise's error {task.level(tau):.7g}")
    typer.echo(f"What ACR hides: rstheory audit {out}")


def predict(
    checkpoint: Checkpoint,
    data: Data,
    sigma: Sigma,
    out: Out,
    n: N = 1000,
    alpha: Alpha = 0.001,
    seed: Seed = 0,
    resume: Resume = False,
    split: Split = "test",
    label: Label = None,
    channels: Channels = None,
    start: Start = 0,
    skip: Skip = 1,
    max_: Max = None,
    dtype: Dtype = "float32",
    device: Device = "auto",
    batch: Batch = None,
    compile_: Compile = False,
    mean: Mean = None,
    std: Std = None,
    trust_program: TrustProgram = False,
) -> None:
    """Predict with a smoothed classifier (PREDICT of Cohen et al. 2019): the class, or -1 where it abstains."""
    from rstheory.certify import Prediction
    from rstheory.smoothing.progress import draw_progress
    from rstheory.smoothing.run import Machine, run_checkpoint
    from rstheory.smoothing.tasks import Predict

    with refusals():
        if Prediction((n, 0), alpha).abstained:
            least = next(draws for draws in count(n + 1) if not Prediction((draws, 0), alpha).abstained)
            raise ValueError(f"--n {n} predicts nothing at alpha={alpha:g}, whatever is drawn: take at least {least}")
        tau = run_checkpoint(
            Predict(sigma, n, alpha, seed),
            checkpoint=checkpoint,
            source=data,
            out=out,
            split=split,
            label=label,
            channels=channels,
            start=start,
            skip=skip,
            limit=max_,
            machine=Machine(dtype, device, batch, compile_),
            mean=_numbers("--mean", mean),
            std=_numbers("--std", std),
            trust_program=trust_program,
            resume=resume,
            progress=draw_progress,
        )
    if tau is None:  # the first process speaks for all
        return
    import pandas as pd

    rows = pd.read_csv(out, sep="\t")
    typer.echo(
        f"accuracy {rows.correct.mean():.4f} over {len(rows)} samples, abstained {(rows.predict == -1).mean():.4f}"
    )


def _numbers(option: str, text: str | None) -> list[float] | None:
    """Numbers with commas between them."""
    try:
        return None if text is None else [float(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(f"{option}={text} is not allowed: give numbers with commas between them") from None


def _warn(message: str) -> None:
    from rstheory.audit.report import printable

    typer.echo(printable(f"rstheory: warning: {message}"), err=True)


@contextmanager
def refusals() -> Iterator[None]:
    """What cannot be done, and what is doubtful, said in one line."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *where: _warn(str(message))
            yield
    except ValueError as error:
        message, status = str(error), USAGE
    except ModuleNotFoundError as error:
        message, status = f"{error.name} is not installed: pip install 'rstheory[torch]'", USAGE
    except ImportError as error:  # ours, which say what is needed for what
        message, status = str(error), USAGE
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        message, status = f"{named}{error.strerror or error}", UNREADABLE
    else:
        return
    refuse(message, status)
