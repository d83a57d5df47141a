"""Eight methods at equal cost on CIFAR-10, several seeds: Gaussian training first, then as much again by each method.

    python scripts/equal_cost.py FOLDER

FOLDER's last part names what is made: a key of PLANS. For every seed one network is trained by Gaussian training. Each
method then goes on from its weights, Gaussian training among them, at a cost that is the same for all. So all networks
of a seed have cost the same, and a method has the whole of its share although some take five times as much per image.
Costs are counted (`rstheory train --budget-pflop`). Each network is then surveyed on every test image. Some are
certified on every 20th test image, and attacked on every 40th, too.

Networks are made one after the other, first of one seed at sigma 0.5, then of the next, then at the other noise levels.
Killed, it goes on; what is there is left alone. METHODS has what was cut down from the papers, so that a method sees
each image a few times: noise vectors per image, steps of attacks, and draws behind targets and weights.
"""

from __future__ import annotations

import lzma
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from rstheory._files import atomic_write

DRAWS = 200  # of noise, per test image
GRADIENT_DRAWS = (1, 32)  # of noise, per gradient of an attack


@dataclass(frozen=True)
class Plan:
    """Networks of one architecture at one cost.

    arch: of the networks. base, tuning: PFLOP of Gaussian training, and of the method after it. runs: noise levels and
    seeds. methods: which ones. rate: highest one of the base; None for the recipe's. tuning_rate: of the method's
    share. epoch: images in an epoch of it; costs are cut to whole epochs. certified: runs whose networks are certified
    and attacked.
    """

    arch: str
    base: float
    tuning: float
    runs: tuple[tuple[float, int], ...]
    methods: tuple[str, ...]
    rate: float | None = None
    tuning_rate: float = 0.15  # a quarter of the recipe's
    epoch: int = 25_000
    certified: tuple[tuple[float, int], ...] = ()


# What differs from the papers' hyper-parameters at the noise level, as options of `rstheory train`.
METHODS = {
    "gaussian": "--draws 1",
    "easy": "--draws 1 --set discard.start=0 --set discard.draws=8 --set reweigh.start=0 --set reweigh.draws=8"
    " --set reweigh.every=1000 --set attack.start=0 --set attack.steps=3 --set attack.step=0.5",
    "catrs": "--draws 2 --set catrs.start=0 --set catrs.steps=2 --set catrs.draws=8",
    "smoothadv": "--draws 1 --set smoothadv.steps=2",
    "consistency": "--draws 2",
    "smoothmix": "--draws 2 --set smoothmix.steps=2",
    "macer": "--draws 4 --lr 0.015",  # a tenth of the others' rate, as in its paper; at theirs it lost half of its p
    "middle": "--draws 1 --set middle.start=0 --set middle.draws=8 --set middle.every=20",
}

_ALL = tuple(METHODS)
_RUNS = ((0.5, 0), (0.5, 1), (0.5, 2), (0.25, 0), (1.0, 0))
PLANS = {
    "cifar10-fast": Plan("fast32-128-256", 0.1, 0.08, _RUNS, _ALL, epoch=12_500, certified=((0.5, 0),)),
    "cifar10-fast-wide": Plan("fast64-256-512", 1.0, 0.8, ((0.5, 0),), _ALL),
    # Gradient descent at the recipe's rate diverges on a transformer and on depthwise convolutions. The transformers'
    # checkpoints have commands of less PFLOP: attention was left out of the plan then.
    "cifar10-vit": Plan("vit6-128", 0.66, 0.54, ((0.5, 0),), ("gaussian", "easy"), rate=0.15, tuning_rate=0.04),
    "cifar10-mbconv": Plan(
        "mbconv8-32-64-128", 0.04, 0.03, ((0.5, 0),), ("gaussian", "easy"), rate=0.15, tuning_rate=0.04
    ),
}


def run(*command: str) -> None:
    """One command of rstheory, shown as it is typed; its failure ends the script."""
    print("rstheory", shlex.join(command), flush=True)
    ended = subprocess.run([sys.executable, "-m", "rstheory", *command], env=os.environ, check=False)
    if ended.returncode:
        raise typer.Exit(ended.returncode)


def train(out: Path, arch: str, *options: str) -> None:
    """One network by `rstheory train`, gone on with if it was cut short."""
    if out.exists():
        return
    again = ["--resume"] if out.with_name(out.name + ".state").exists() else []
    run("train", "--data", "cifar10", "--arch", arch, "--out", str(out), *options, *again)


def log(whole: Path, *command: str) -> None:
    """A log by a command of rstheory, gone on with if it was cut short, and compressed once it is whole."""
    if whole.exists():
        return
    plain = whole.with_suffix("")
    again = ["--resume"] if plain.exists() else []
    run(*command, "--out", str(plain), *again)
    with atomic_write(whole) as part:
        part.write_bytes(lzma.compress(plain.read_bytes(), preset=9))
    plain.unlink()


def main(folder: Annotated[Path, typer.Argument(file_okay=False, help="Where the networks go.")]) -> None:
    """Train, survey, certify and attack every network that this was not done with yet."""
    if folder.name not in PLANS:
        raise typer.BadParameter(f"{folder}: its last part must be one of {', '.join(PLANS)}")
    plan = PLANS[folder.name]
    for sigma, seed in plan.runs:
        common = ["--sigma", str(sigma), "--seed", str(seed)]
        of_run = f"{sigma:.2f}_seed{seed}"
        base = folder / "base" / f"model_{of_run}.safetensors"
        base.parent.mkdir(parents=True, exist_ok=True)
        gaussian = [*common, "--method", "gaussian", "--draws", "1", "--budget-pflop", str(plan.base)]
        train(base, plan.arch, *gaussian, *([] if plan.rate is None else ["--lr", str(plan.rate)]))
        for method in plan.methods:
            home = folder / method
            home.mkdir(exist_ok=True)
            model = home / f"model_{of_run}.safetensors"
            second = ["--weights", "float16", "--from", str(base), "--lr", str(plan.tuning_rate)]
            second += ["--epoch-images", str(plan.epoch), "--budget-pflop", str(plan.tuning)]
            train(model, plan.arch, *common, "--method", method, *second, *shlex.split(METHODS[method]))
            told = ["--checkpoint", str(model), "--data", "cifar10", "--sigma", str(sigma), "--dtype", "bfloat16"]
            log(home / f"survey_{of_run}.tsv.xz", "survey", *told, "--draws", str(DRAWS))
            if (sigma, seed) not in plan.certified:
                continue
            log(home / f"certified_{of_run}.tsv.xz", "certify", *told, "--curve", "--n", "100000", "--skip", "20")
            for m in GRADIENT_DRAWS:
                strength = ["--eps", "3", "-m", str(m), "--halvings", "6", "--skip", "40"]
                log(home / f"attack_m{m}_{of_run}.tsv.xz", "attack", *told, *strength)


if __name__ == "__main__":
    typer.run(main)
