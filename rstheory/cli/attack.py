"""`rstheory attack`: the smallest perturbations that change what a smoothed classifier says, and `rstheory sandwich`:
these against certificates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rstheory._words import plural, printable
from rstheory.cli.common import ALARM, UNREADABLE, positive, refusals, refuse
from rstheory.cli.options import (
    Alpha,
    AnyKernels,
    Batch,
    Channels,
    Checkpoint,
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rstheory.audit.sandwich import Sandwich

Figures = Annotated[
    Path | None,
    typer.Option("--figures", metavar="DIR", file_okay=False, help="Draw figures, with their data, into this folder."),
]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write everything found as JSON.")
]


def attack(
    checkpoint: Checkpoint,
    data: Data,
    sigma: Sigma,
    out: Out,
    eps: Annotated[float, typer.Option(callback=positive, help="Largest L2 norm of a perturbation.")],
    method: Annotated[
        str, typer.Option("--attack", help="pgd (Salman et al. 2019) or apgd (AutoAttack's, with EOT).")
    ] = "pgd",
    m: Annotated[
        int, typer.Option("-m", "--m", min=1, help="Noise draws per gradient. The attack grows stronger with them.")
    ] = 16,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Gradient steps per attack. Default: 20 for pgd, 100 for apgd.")
    ] = None,
    restarts: Annotated[int, typer.Option(min=1, help="Attacks at each norm.")] = 1,
    halvings: Annotated[int, typer.Option(min=0, help="Times that the interval of norms is halved.")] = 8,
    n: N = 1000,
    alpha: Alpha = 0.001,
    seed: Seed = 0,
    against: Annotated[
        Path | None,
        typer.Option(metavar="LOG", dir_okay=False, help="Compare with the certificates of this log at the end."),
    ] = None,
    figures: Figures = None,
    json: Json = None,
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
    rows: Annotated[
        int | None,
        typer.Option("--rows", min=1, help="Noisy images per gradient pass. Default: 64 on the CPU, 2048 on CUDA."),
    ] = None,
    mean: Mean = None,
    std: Std = None,
    trust_program: TrustProgram = False,
) -> None:
    """Attack a smoothed classifier: the smallest L2 perturbation found that changes its class, for each image.

    Every success is judged by PREDICT with fresh draws (--n, --alpha). Perturbed images stay in [0, 1]. Only images
    that PREDICT gives their label are attacked. A run that was killed goes on with --resume, and several processes
    share one under torchrun, as with certify.

    With --against: exit status 3 if a perturbation changed the class inside a certificate.
    """
    from rstheory._progress import on_terminal
    from rstheory.logs.attack_log import read_attack_log
    from rstheory.logs.read import read_log
    from rstheory.smoothing.attacks import Attack, attack_checkpoint
    from rstheory.smoothing.attacks.task import METHODS
    from rstheory.smoothing.run import Machine

    with refusals():
        if method not in METHODS:
            raise ValueError(f"--attack {method} is not allowed: use {' or '.join(METHODS)}")
        if against is None and (figures is not None or json is not None):
            raise ValueError("--figures and --json show the attack beside certificates: give --against LOG")
        kind = METHODS[method]
        certificates = None if against is None else read_log(against)  # before hours of work
        if certificates is not None and certificates.sigma != sigma:
            raise ValueError(f"--against {against} has sigma={certificates.sigma}, the attack --sigma {sigma}")
        tau = attack_checkpoint(
            task := Attack(sigma, eps, kind() if steps is None else kind(steps), m, restarts, halvings, n, alpha, seed),
            checkpoint=checkpoint,
            source=data,
            out=out,
            split=split,
            label=label,
            channels=channels,
            start=start,
            skip=skip,
            limit=max_,
            machine=Machine(dtype, device, batch, any_kernels=any_kernels),
            rows=rows,
            mean=numbers("--mean", mean),
            std=numbers("--std", std),
            trust_program=trust_program,
            resume=resume,
            progress=on_terminal("attacking", "rounds"),
        )
        if tau is None:  # the first process speaks for all
            return
        log = read_attack_log(out)
        changed = int(log.succeeded.sum())
        typer.echo(f"{log.samples} images, {int(log.correct.sum())} given their label and attacked, {changed} changed")
        typer.echo(
            f"  by perturbations of L2 norm up to {eps:g}; level including the noise's error {task.level(tau):.7g}"
        )
        if certificates is None:
            typer.echo(f"Beside certificates: rstheory sandwich CERTIFICATES {printable(str(out))}")
            return
        from rstheory.audit.sandwich import sandwich as made

        _report([made(certificates, log)], figures, json)


def sandwich(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Certification logs and attack logs, or folders of them.")
    ],
    figures: Figures = None,
    json: Json = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", dir_okay=False, help="Write a page for a browser: one file, offline."),
    ] = None,
) -> None:
    """Compare certificates with attacks, image by image: the true robust radius lies between the two.

    Logs of the same smoothed classifier find each other: noise level, weights, arithmetic and data must agree.

    Exit status 3 if PREDICT gave another class inside a certificate.
    """
    from rstheory.audit.sandwich import pair_up
    from rstheory.logs.both import read_both

    with refusals():
        certificates, attacks, errors = read_both(paths)
        made, alone = pair_up(certificates, attacks)
        for path, reason in (*errors, *alone):
            typer.echo(printable(f"rstheory sandwich: {path}: {reason}"), err=True)
        if not made:
            refuse("no attack log and certification log of one smoothed classifier were found", UNREADABLE)
        _report(made, figures, json, html)
    if errors:
        raise typer.Exit(UNREADABLE)


def _report(sandwiches: Sequence[Sandwich], figures: Path | None, json: Path | None, html: Path | None = None) -> None:
    """Print what certificates and attacks say together, write it, and end with `ALARM` where they contradict."""
    from rstheory.audit.sandwich import summary
    from rstheory.tables import show

    table = summary(sandwiches)
    numbers = dict.fromkeys(("certified_median", "attack_median", "gap_median"), ".3f")
    show("Medians over the attacked images, in L2 norm; inf: the attack failed on more than half", table, numbers)
    if json is not None:
        from rstheory.audit.export import write_json

        write_json({"sandwiches": [one.to_json() for one in sandwiches]}, json)
        typer.echo(f"wrote {printable(str(json))}")
    if figures is not None:
        from rstheory._provenance import provenance
        from rstheory.plots.sandwich import sandwich_plates

        for plate in sandwich_plates(sandwiches):
            for file in plate.save(figures, provenance(command="rstheory sandwich")):
                typer.echo(f"wrote {printable(str(file))}")
    if html is not None:
        from rstheory.pages import sandwich_page, write_page

        write_page(sandwich_page(sandwiches), html)
        typer.echo(f"wrote {printable(str(html))}")
    silent = [one for one in sandwiches if not one.alarms]
    for one in sandwiches:
        for alarm in one.alarms:
            typer.echo(printable(f"rstheory: ALARM: {one.attack.path}: {alarm}"), err=True)
        if one.alarms or len(silent) == 1:
            typer.echo(
                f"{printable(one.attack.path)}: {plural(len(one.alarms), 'contradiction')} on"
                f" {plural(one.samples, 'image')}; if all is sound, there is one or more with probability at most"
                f" {one.level:.2g}"
            )
    if len(silent) > 1:
        images = sum(one.samples for one in silent)
        typer.echo(f"0 contradictions in {len(silent)} comparisons of {images:,} images together")
    if any(one.alarms for one in sandwiches):
        raise typer.Exit(ALARM)
