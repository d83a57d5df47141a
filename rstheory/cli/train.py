"""`rstheory train`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rstheory.cli.common import positive, refusals
from rstheory.cli.options import Channels, Data, Label, Sigma

if TYPE_CHECKING:
    from rstheory.smoothing.training import Recipe, Schedule

Method = Annotated[
    str,
    typer.Option(
        help="gaussian, smoothadv, macer, consistency, smoothmix, catrs, discard, reweigh, attack, easy (the last three"
        " together), middle, or parts joined by +, as discard+attack."
    ),
]


def train(
    data: Data,
    sigma: Sigma,
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="Checkpoint to write, .safetensors.")],
    method: Method = "gaussian",
    recipe: Annotated[
        str,
        typer.Option(
            help="fast: the most for little time; papers: the field's schedule for residual networks. Sets the default"
            " of --arch, --draws, --batch, --lr and --schedule."
        ),
    ] = "fast",
    arch: Annotated[
        str | None,
        typer.Option(
            help="fast<widths> such as fast32-128-256, resnet<6n+2> such as resnet20 or resnet110, mlp or cnn."
            " Default: fast32-128-256, or resnet110 with --recipe papers."
        ),
    ] = None,
    begin: Annotated[
        Path | None,
        typer.Option(
            "--from", dir_okay=False, help="Checkpoint of the same network whose weights to begin with, not fresh ones."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Passes through the data. Schedule and method scale with them. Default: 40, or 150 with --recipe"
            " papers.",
        ),
    ] = None,
    epoch_images: Annotated[
        int | None,
        typer.Option(min=1, help="Images in an epoch, drawn at random. Default: as many as the data set has."),
    ] = None,
    budget_pflop: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="In place of --epochs: as many epochs as fit into this cost, in 10^15 floating-point operations.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="In place of --epochs: as many epochs as this machine will take about so long for, by a short"
            " measurement. --resume keeps the number of epochs.",
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Noise vectors per image in each step. Default: the fewest that the method works with; with --recipe"
            " papers that of the method's paper, 4 for most.",
        ),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Images per step. Default: 512 / --draws, or 256 with --recipe papers.")
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option("--lr", callback=positive, help="Highest rate. Default: 0.6, or 0.1 with --recipe papers."),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="stepdecay: lower the rate at each milestone. triangle: raise it to a peak, then lower it. Default:"
            " triangle, or stepdecay with --recipe papers."
        ),
    ] = None,
    milestones: Annotated[
        str | None,
        typer.Option(help="Of stepdecay, epochs of 150; they scale with --epochs. Default: 50,100."),
    ] = None,
    gamma: Annotated[
        float | None,
        typer.Option(callback=positive, help="Of stepdecay, factor at each milestone. Default: 0.1."),
    ] = None,
    peak: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="Of triangle, share of the run before the peak. Default: 0.2 of recipe fast, else 0.25.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PART.NAME=VALUE",
            help="Another value for a hyper-parameter of the method, as attack.steps=3. May be given several times.",
        ),
    ] = None,
    reweigh_every: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs of 150 between two reweighings; they scale with --epochs. Default: 10."),
    ] = None,
    discard_draws: Annotated[
        int | None, typer.Option(min=1, help="Same as --set discard.draws: noise samples per image. Default: 100.")
    ] = None,
    attack_steps: Annotated[
        int | None, typer.Option(min=1, help="Same as --set attack.steps. Default: the paper's.")
    ] = None,
    attack_step: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="Same as --set attack.step: L2 length of a step. Default: the paper's for CIFAR-10, which is too long"
            " for images that are much smaller.",
        ),
    ] = None,
    augment: Annotated[
        bool, typer.Option("--augment/--no-augment", help="Flip and crop images at random, as for CIFAR-10.")
    ] = True,
    label: Label = None,
    channels: Channels = None,
    dtype: Annotated[str, typer.Option(help="bfloat16 (autocast) or float32.")] = "bfloat16",
    weights: Annotated[
        str, typer.Option(help="float32, or float16: round the weights in the end, for a checkpoint half as large.")
    ] = "float32",
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, order and noise.")] = 0,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a run that was cut short. A complete run stays as it is."),
    ] = False,
) -> None:
    """Train a base classifier under Gaussian noise, or by another method for smoothed classifiers.

    smoothadv, macer, consistency, smoothmix and catrs are the methods of Salman et al. (2019), Zhai et al. (2020),
    Jeong & Shin (2020), and Jeong et al. (2021 and 2023). easy is that of Sun et al. (2025, Section 5). Its parts are
    discard: training images that are hard under noise are dropped, once. reweigh: the others are drawn in proportion to
    the radius they can be certified with. attack: noise is turned towards where the network is wrong. middle, our own,
    draws images whose p is near 1/2.

    Writes the checkpoint, and beside it a training log (.train.tsv). Defaults are the papers' for the noise level (the
    nearest of 0.25, 0.5 and 1), and epoch numbers scale with --epochs. A run that was killed goes on with --resume; on
    the same machine's CPU it ends in the same weights. Under torchrun the processes take a part of every batch each.
    """
    from rstheory._progress import on_terminal, silent_parts
    from rstheory.smoothing.counting import keep_freed_memory
    from rstheory.smoothing.data import load
    from rstheory.smoothing.share import own_device, processes
    from rstheory.smoothing.training import Plan, Settings, least_draws, published_draws
    from rstheory.smoothing.training import train as trained
    from rstheory.smoothing.training.run_state import kept_epochs

    with refusals():
        place = own_device(device)
        if place.type == "cpu":
            keep_freed_memory()
        lengths = {"--epochs": epochs, "--budget-pflop": budget_pflop, "--minutes": minutes}
        if len(given := [f"{name} {value}" for name, value in lengths.items() if value is not None]) > 1:
            raise ValueError(f"{' and '.join(given)} are not allowed together: give one")
        chosen = _recipe(recipe)
        settings = Settings(
            sigma, epochs or chosen.epochs, flip_and_crop=augment, dtype=dtype, seed=seed, weights=weights
        )
        draws = draws or chosen.draws(published_draws(method, settings), least_draws(method))
        settings = replace(settings, recipe=chosen, draws=draws)
        settings = replace(settings, **chosen.defaults(draws))
        wanted: dict[str, Any] = {"batch": batch, "learning_rate": learning_rate, "epoch_images": epoch_images}
        settings = replace(settings, **{name: value for name, value in wanted.items() if value is not None})
        turns = {"milestones": _epoch_numbers(milestones), "gamma": gamma, "peak": peak}
        settings = replace(settings, schedule=_schedule(schedule, settings.schedule, turns))
        own = {"discard.draws": discard_draws, "attack.steps": attack_steps, "attack.step": attack_step}
        options = {name: value for name, value in own.items() if value is not None} | _assignments(set_ or [])
        plan = Plan(method, arch or chosen.arch, settings, options, reweigh_every)
        plan.of(settings.epochs)  # refuses what no length mends, before anything is loaded or measured
        training_set = load(data, "train", label=label, channels=channels)
        complete = resume and out.exists()
        command = shlex.join(["rstheory", *(argument for argument in sys.argv[1:] if argument != "--resume")])
        with processes(place) as share:
            if minutes and not complete:
                epochs = kept_epochs(out.with_name(out.name + ".state")) if resume else None
                if epochs is None:
                    budget_pflop = share.agree_on(lambda: plan.pflop_in(minutes, training_set, place, share))
            if budget_pflop:
                epochs = plan.affordable(budget_pflop, training_set)
            made, settings = plan.of(epochs or chosen.epochs)
            if share.first and not complete and (minutes or budget_pflop):
                cost = f"{budget_pflop:.3g} PFLOP" if budget_pflop else "as before"
                typer.echo(f"{settings.epochs} epochs ({cost})")
            trained(
                made,
                settings,
                training_set,
                arch=plan.arch,
                out=out,
                device=place,
                begin=begin,
                resume=resume,
                command=command,
                progress=partial(on_terminal, unit="steps") if share.first else silent_parts,
                share=share,
            )
    if not share.first:
        return
    typer.echo(f"{out} is complete: left as it is" if complete else f"wrote {out}")


def _assignments(texts: list[str]) -> dict[str, object]:
    """Hyper-parameters by name from PART.NAME=VALUE. ValueError for text of another form."""
    pairs = [text.partition("=") for text in texts]
    for text, (name, sign, _) in zip(texts, pairs, strict=True):
        if not (sign and "." in name):
            raise ValueError(f"--set {text} is not allowed: write PART.NAME=VALUE, as attack.steps=3")
    return {name: value for name, _, value in pairs}


def _recipe(name: str) -> Recipe:
    from rstheory.smoothing.training import RECIPES

    if name not in RECIPES:
        raise ValueError(f"--recipe {name} is not allowed: use {' or '.join(RECIPES)}")
    return RECIPES[name]


def _schedule(name: str | None, default: Schedule, options: Mapping[str, object]) -> Schedule:
    """The schedule of this name, or the default, with those options that are not None. ValueError for one that it has
    no use for."""
    from rstheory.smoothing.training import SCHEDULES

    if name is not None and name not in SCHEDULES:
        raise ValueError(f"--schedule {name} is not allowed: use {' or '.join(SCHEDULES)}")
    kind = type(default) if name is None else SCHEDULES[name]
    given: dict[str, Any] = {option: value for option, value in options.items() if value is not None}
    known = {one.name for one in fields(kind)}
    for option, value in given.items():
        if option not in known:
            raise ValueError(f"--{option} {value} has no effect with --schedule {kind.__name__.lower()}: leave it out")
    return replace(default, **given) if isinstance(default, kind) else kind(**given)


def _epoch_numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError as error:
        raise ValueError(f"--milestones {text} is not allowed: write epoch numbers, as 50,100") from error
