"""`rstheory certify` and `rstheory predict`: class counts of a checkpoint under noise, into a log."""

from __future__ import annotations

from itertools import count
from typing import Annotated

import typer

from rstheory.cli.common import refusals
from rstheory.cli.options import (
    Alpha,
    Batch,
    Channels,
    Checkpoint,
    Compile,
    Data,
    Device,
    Dtype,
    Label,
    Max,
    Mean,
    N,
    Out,
    Resume,
    Seed,
    Sigma,
    Skip,
    Split,
    Start,
    Std,
    TrustProgram,
    numbers,
)


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
    from rstheory._progress import on_terminal
    from rstheory.sequential.rule import FixedDraws
    from rstheory.smoothing.run import Machine, run_checkpoint
    from rstheory.smoothing.tasks import Certify

    with refusals():
        if min_certifiable_count(n, alpha) > n:
            least = budget_for_acr(0, alpha).n
            raise ValueError(f"--n {n} certifies nothing at alpha={alpha:g}, whatever is drawn: take at least {least}")
        tau = run_checkpoint(
            task := Certify(sigma, FixedDraws(n, alpha), n0, seed),
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
            mean=numbers("--mean", mean),
            std=numbers("--std", std),
            trust_program=trust_program,
            resume=resume,
            progress=on_terminal("certifying", "draws"),
        )
    if tau is None:  # the first process speaks for all
        return
    from rstheory.logs.read import read_log

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
    from rstheory._progress import on_terminal
    from rstheory.certify import Prediction
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
            mean=numbers("--mean", mean),
            std=numbers("--std", std),
            trust_program=trust_program,
            resume=resume,
            progress=on_terminal("certifying", "draws"),
        )
    if tau is None:  # the first process speaks for all
        return
    import pandas as pd

    rows = pd.read_csv(out, sep="\t")
    typer.echo(
        f"accuracy {rows.correct.mean():.4f} over {len(rows)} samples, abstained {(rows.predict == -1).mean():.4f}"
    )
