"""Train, certify and measure the CIFAR-10 networks that ship in `rstheory/zoo`, one by one; killed, it goes on.

What is there is left alone: each step runs `rstheory train`, `certify` or `measure` where its file is missing, with
--resume where it was cut short. With the same versions on the same kind of machine the same weights, counts and
measurements come out.

    python scripts/zoo.py rstheory/zoo/cifar10-resnet20 --epochs 12 --draws 1 --discard-draws 16 --reweigh-every 40

makes those on CIFAR-10; `rstheory/zoo/README.md` says how the small ones on digits were made.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

# The experiments of theory E: Gaussian training, all three easy-sample parts and each alone; the ends at other sigma.
# "-rerun": the same settings on one thread, where sums are rounded in another order, so that another network comes out.
EXPERIMENTS = (
    (0.5, "gaussian"),
    (0.5, "gaussian-rerun"),
    (0.5, "easy"),
    (0.5, "attack"),
    (0.5, "reweigh"),
    (0.5, "discard"),
    (0.25, "gaussian"),
    (0.25, "easy"),
    (1.0, "gaussian"),
    (1.0, "easy"),
)


def run(arguments: list[str], **variables: str) -> None:
    """One command of rstheory, shown as it is typed, with these environment variables; its failure ends the script."""
    print(*(f"{name}={value}" for name, value in variables.items()), "rstheory", shlex.join(arguments), flush=True)
    ended = subprocess.run([sys.executable, "-m", "rstheory", *arguments], env=os.environ | variables, check=False)
    if ended.returncode:
        raise typer.Exit(ended.returncode)


def main(
    folder: Annotated[
        Path, typer.Argument(file_okay=False, help="Where the models go: METHOD/model_S.safetensors, ...")
    ],
    data: Annotated[str, typer.Option(help="Data set, as `rstheory train` takes it.")] = "cifar10",
    arch: Annotated[str, typer.Option(help="Network.")] = "resnet20",
    epochs: Annotated[int, typer.Option(min=1, help="Epochs; the paper has 150.")] = 150,
    draws: Annotated[int, typer.Option(min=1, help="Noise samples per image in each step; the paper has 4.")] = 4,
    reweigh_every: Annotated[int, typer.Option(min=1, help="Epochs of 150 between two reweighings.")] = 10,
    discard_draws: Annotated[int, typer.Option(min=1, help="Draws by which discarding measures an image.")] = 100,
    n: Annotated[int, typer.Option("--n", min=1, help="Certification budget.")] = 10_000,
    skip: Annotated[int, typer.Option(min=1, help="Certify every SKIP-th test image.")] = 20,
    measured: Annotated[int, typer.Option(min=1, help="Measure every so manieth training image.")] = 50,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    only: Annotated[str | None, typer.Option(help="One experiment, such as easy_0.50.")] = None,
) -> None:
    """Make every experiment that is not there yet: checkpoint, certification log, measurements."""
    names = [f"{method}_{sigma:.2f}" for sigma, method in EXPERIMENTS]
    if only not in (None, *names):
        raise typer.BadParameter(f"--only {only}: choose one of {', '.join(names)}")
    for sigma, method in EXPERIMENTS:
        if only not in (None, f"{method}_{sigma:.2f}"):
            continue
        place = folder / method
        place.mkdir(parents=True, exist_ok=True)
        model = place / f"model_{sigma:.2f}.safetensors"
        common = ["--data", data, "--sigma", str(sigma)]
        if not model.exists():
            schedule = ["--epochs", str(epochs), "--draws", str(draws)]
            if method in ("reweigh", "easy"):
                schedule += ["--reweigh-every", str(reweigh_every)]
            if method in ("discard", "easy"):
                schedule += ["--discard-draws", str(discard_draws)]
            again = ["--resume"] if model.with_name(model.name + ".state").exists() else []
            made = ["--recipe", "papers", "--method", method.removesuffix("-rerun"), "--arch", arch, *schedule]
            threads = {"OMP_NUM_THREADS": "1"} if method.endswith("-rerun") else {}
            run(["train", *common, *made, "--device", device, "--out", str(model), *again], **threads)
        log = place / f"noise_{sigma:.2f}.tsv"
        part = log.with_name(f".{log.name}.unfinished")  # a log in the zoo is a whole one
        if not log.exists():
            again = ["--resume"] if part.exists() else []
            budget = ["--n", str(n), "--skip", str(skip), "--dtype", "bfloat16", "--device", device]
            run(["certify", "--checkpoint", str(model), *common, *budget, "--out", str(part), *again])
            part.rename(log)
        csv = place / f"measured_{sigma:.2f}.csv"
        if not csv.exists():
            options = ["--skip", str(measured), "--device", device, "--out", str(csv)]
            run(["measure", "--checkpoint", str(model), *common, *options])


if __name__ == "__main__":
    typer.run(main)
