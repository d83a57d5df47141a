"""`rstheory certify` and `rstheory predict`: class counts of a checkpoint under noise, into a log."""

from __future__ import annotations

from itertools import count
from typing import Annotated

import typer

from rstheory.cli.common import positive, refusals
from rstheory.cli.options import (
    Alpha,
    AnyKernels,
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
    n: Annotated[
        int, typer.Option("--n", "-n", min=1, help="Draws that count the class; where a rule stops, the most of them.")
    ] = 100_000,
    radius: Annotated[
        float | None,
        typer.Option(metavar="R", help="Only ask whether this radius is certified: certified, refuted or undecided."),
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="All radii, 0.0625 apart; stop once 0, 0.25, 0.5, ... are settled.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(metavar="E", callback=positive, help="Stop once N draws would hardly add more than E."),
    ] = None,
    bound: Annotated[
        str,
        typer.Option(
            help="What proves the radius from N draws: clopper-pearson; randomized (never smaller, U from the seed); or"
            " two-class (larger where rivals share the rest)."
        ),
    ] = "clopper-pearson",
    n0: Annotated[int, typer.Option("--n0", min=1, help="Draws that pick the class.")] = 100,
    alpha: Alpha = 0.001,
    seed: Seed = 0,
    resume: Resume = False,
    any_kernels: AnyKernels = False,
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

    By default every image gets N draws. --radius, --curve and --tolerance stop earlier, at the same level alpha per
    image: the class of an image is one certificate at all its radii. Giving up early costs no level. Their logs name
    the rule and tell the draws of each row; ACR at other budgets cannot be computed from them.

    A run that was killed goes on with --resume and ends in the same log. Several processes share the work under
    torchrun: torchrun --nproc-per-node 2 -m -- rstheory certify ...

    Without the --, torchrun on Python 3.11 takes --n and --max for options of its own.
    """
    from rstheory import budget_for_acr, min_certifiable_count
    from rstheory._progress import on_terminal
    from rstheory.sequential import FixedDraws, StoppingRule, rule_for_curve, rule_for_radius, rule_for_tolerance
    from rstheory.smoothing.run import Machine, run_checkpoint
    from rstheory.smoothing.tasks import Certify

    with refusals():
        _one_question(radius, curve, tolerance, bound)
        if min_certifiable_count(n, alpha) > n:
            least = budget_for_acr(0, alpha).n
            raise ValueError(f"--n {n} certifies nothing at alpha={alpha:g}, whatever is drawn: take at least {least}")
        rule: StoppingRule = FixedDraws(n, alpha)
        if radius is not None:
            rule = rule_for_radius(radius, sigma, n, alpha)
        elif curve:
            rule = rule_for_curve(sigma, n, alpha)
        elif tolerance is not None:
            rule = rule_for_tolerance(tolerance, sigma, n, alpha)
        task = Certify(sigma, rule, n0, seed, bound)
        draws = "draws" if isinstance(rule, FixedDraws) else "draws made or saved"
        tau = run_checkpoint(
            task,
            checkpoint=checkpoint,
            source=data,
            out=out,
            split=split,
            label=label,
            channels=channels,
            start=start,
            skip=skip,
            limit=max_,
            machine=Machine(dtype, device, batch, compile_, any_kernels),
            mean=numbers("--mean", mean),
            std=numbers("--std", std),
            trust_program=trust_program,
            resume=resume,
            progress=on_terminal("certifying", draws, ("images", task.most_draws)),
        )
    if tau is None:  # the first process speaks for all
        return
    from rstheory.logs.read import read_log
    from rstheory.smoothing.summary import summary

    for line in summary(read_log(out), task.level(tau), radius):
        typer.echo(line)
    typer.echo(f"What ACR hides: rstheory audit {out}")


def _one_question(radius: float | None, curve: bool, tolerance: float | None, bound: str) -> None:
    """ValueError where options ask for more than one thing."""
    given = {"--radius": radius is not None, "--curve": curve, "--tolerance": tolerance is not None}
    asked = [name for name, chosen in given.items() if chosen]
    if len(asked) > 1:
        raise ValueError(
            f"{' and '.join(asked)} are different questions, and the draws of an image stop for one of them: choose one"
            " (--curve answers --radius too where R is a multiple of 0.25, with more draws)"
        )
    if asked and bound != "clopper-pearson":
        raise ValueError(f"--bound {bound} is for N draws per image: {asked[0]} stops earlier and brings its own bound")


def predict(
    checkpoint: Checkpoint,
    data: Data,
    sigma: Sigma,
    out: Out,
    n: N = 1000,
    alpha: Alpha = 0.001,
    seed: Seed = 0,
    resume: Resume = False,
    any_kernels: AnyKernels = False,
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
            machine=Machine(dtype, device, batch, compile_, any_kernels),
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
