"""`rstheory train`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rstheory.cli.common import positive, refusals
from rstheory.cli.options import Data, Sigma

if TYPE_CHECKING:
    from rstheory.smoothing.training import EasySamples, Settings
    from rstheory.smoothing.training.trainer import Progress

Method = Annotated[
    str,
    typer.Option(help="gaussian, discard, reweigh, attack, easy (all three), or parts joined by +, as discard+attack."),
]


def train(
    data: Data,
    sigma: Sigma,
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="Checkpoint to write, .safetensors.")],
    method: Method = "gaussian",
    arch: Annotated[
        str, typer.Option(help="resnet20, resnet56, resnet110, any resnet<6n+2>, mlp or cnn.")
    ] = "resnet110",
    epochs: Annotated[int, typer.Option(min=1, help="Passes through the data; the schedule scales with it.")] = 150,
    draws: Annotated[int, typer.Option(min=1, help="Noise vectors an image and step.")] = 4,
    batch: Annotated[int, typer.Option(min=1, help="Images a step.")] = 256,
    learning_rate: Annotated[float, typer.Option("--lr", callback=positive, help="Initial learning rate.")] = 0.1,
    reweigh_every: Annotated[
        int | None,
        typer.Option(
            min=1, help="Epochs of a schedule of 150 between two reweighings; scales with --epochs. Default: 10."
        ),
    ] = None,
    discard_draws: Annotated[
        int | None, typer.Option(min=1, help="Noise draws by which discarding measures an image. Default: 100.")
    ] = None,
    attack_steps: Annotated[int | None, typer.Option(min=1, help="Steps of the attack; default: the paper's.")] = None,
    attack_step: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="L2 length of a step; default: the paper's for CIFAR-10, too long for images much smaller.",
        ),
    ] = None,
    augment: Annotated[
        bool, typer.Option("--augment/--no-augment", help="Flip and crop images at random, as for CIFAR-10.")
    ] = True,
    dtype: Annotated[str, typer.Option(help="bfloat16 (autocast) or float32.")] = "bfloat16",
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, order and noise.")] = 0,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a run that was cut short; leave a complete one."),
    ] = False,
) -> None:
    """Train a base classifier under Gaussian noise, or by the easy-sample methods of Sun et al. (2025, Section 5).

    discard: training images that are hard under noise are dropped, once. reweigh: the others are drawn in proportion to
    the radius they can be certified with. attack: noise is turned towards where the network errs.

    Writes the checkpoint, and beside it a training log (.train.tsv). What is not given is the paper's setting for the
    noise level (the nearest of 0.25, 0.5 and 1), scaled to the epochs. A run that was killed goes on with --resume; on
    the same machine's CPU it ends in the same weights.
    """
    from rstheory.smoothing.counting import keep_freed_memory
    from rstheory.smoothing.data import load
    from rstheory.smoothing.share import own_device
    from rstheory.smoothing.training import Settings
    from rstheory.smoothing.training import train as trained

    with refusals():
        place = own_device(device)
        if place.type == "cpu":
            keep_freed_memory()
        settings = Settings(
            sigma=sigma,
            epochs=epochs,
            draws=draws,
            batch=batch,
            learning_rate=learning_rate,
            flip_and_crop=augment,
            dtype=dtype,
            seed=seed,
        )
        settings = replace(
            settings, easy=_easy(method, settings, reweigh_every, discard_draws, attack_steps, attack_step)
        )
        kept = resume and out.exists()
        command = shlex.join(["rstheory", *(argument for argument in sys.argv[1:] if argument != "--resume")])
        trained(
            method,
            settings,
            load(data, "train"),
            arch=arch,
            out=out,
            device=place,
            resume=resume,
            command=command,
            progress=_epochs(epochs),
        )
    typer.echo(f"{out} is complete: left as it is" if kept else f"wrote {out}")


def _easy(
    method: str,
    settings: Settings,
    reweigh_every: int | None,
    discard_draws: int | None,
    attack_steps: int | None,
    attack_step: float | None,
) -> EasySamples:
    """The paper's hyper-parameters with those that were given. ValueError for one that the method has no use for."""
    from rstheory.smoothing.training import Attack, Discard, Reweigh, parts_of

    parts = parts_of(method, settings)
    given: dict[str, Any] = {}
    for option, name, value, part in (
        ("--reweigh-every", "every", reweigh_every, Reweigh),
        ("--discard-draws", "discard_draws", discard_draws, Discard),
        ("--attack-steps", "steps", attack_steps, Attack),
        ("--attack-step", "step", attack_step, Attack),
    ):
        if value is None:
            continue
        if not any(isinstance(one, part) for one in parts):
            raise ValueError(f"{option} {value} has no effect with --method {method}: leave it out")
        given[name] = value
    return replace(settings.easy, **given)


def _epochs(epochs: int) -> Progress:
    """Progress in steps of each epoch, with the last epoch's numbers, where a person is looking."""

    @contextmanager
    def progress(epoch: int, steps: int, last: str) -> Iterator[Callable[[int], None]]:
        if not sys.stderr.isatty():
            yield lambda done: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        cells = last.split("\t")
        told = f", loss {cells[2]}, accuracy under noise {cells[3]}" if len(cells) > 3 else ""
        text = TextColumn(f"epoch {epoch + 1} of {epochs}{told}")
        columns = (text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=steps)
            yield lambda done: bar.update(task, advance=done)

    return progress
