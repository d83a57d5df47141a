"""Certify small real models on scikit-learn's digits, and write the logs that ship with the package.

Two models of one kind, trained on the same 8x8 images under Gaussian noise: one on all of them, one on the easier ones
alone, as the paper's Section 5 does with discarding. Needs scikit-learn (`pip install -e '.[digits]'`); the logs that
it wrote are in `rstheory/zoo/digits/`, so nobody has to run it. With the versions in constraints.txt it writes them
again, apart from the times.
"""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from rstheory.audit.write import log_line, write_log
from rstheory.certify import BaseClassifier, certify

OUT = Path(__file__).resolve().parent.parent / "rstheory" / "zoo" / "digits"
NOISY_COPIES = 60  # of each training image


def train(images: NDArray[np.float64], labels: NDArray[np.int64], sigma: float, seed: int) -> MLPClassifier:
    """A network with one hidden layer, trained on noisy copies of the images."""
    rng = np.random.default_rng(seed)
    noisy = np.repeat(images, NOISY_COPIES, axis=0)
    noisy = noisy + sigma * rng.standard_normal(noisy.shape)
    model = MLPClassifier((256,), random_state=seed, max_iter=12, batch_size=512, learning_rate_init=2e-3, tol=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of epochs is what is meant
        return model.fit(noisy, np.repeat(labels, NOISY_COPIES))


def forward(model: MLPClassifier) -> BaseClassifier:
    """The model's prediction in two matrix products: scikit-learn's own checks its input at every call."""
    (first, second), (bias, last) = model.coefs_, model.intercepts_
    return lambda x: np.argmax(np.maximum(x @ first + bias, 0) @ second + last, axis=1)


def noisy_accuracy(
    classifier: BaseClassifier, images: NDArray[np.float64], labels: NDArray[np.int64], sigma: float
) -> NDArray[np.float64]:
    """Share of 100 noisy copies of each image that the classifier gets right."""
    rng = np.random.default_rng(0)
    draws = [np.asarray(classifier(images + sigma * rng.standard_normal(images.shape))) == labels for _ in range(100)]
    return np.asarray(np.mean(draws, axis=0))


def main(
    sigma: Annotated[
        float, typer.Option(help="Noise level of training and certification; pixels lie in [0, 1].")
    ] = 0.5,
    n: Annotated[int, typer.Option(min=1, help="Estimation draws a sample.")] = 10_000,
    samples: Annotated[int, typer.Option(min=1, max=797, help="Test images to certify.")] = 500,
    discard: Annotated[float, typer.Option(min=0, max=1, help="Noisy accuracy below which images are dropped.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Seed of training and noise.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the logs.")] = OUT,
) -> None:
    """Train both models and certify them: writes gaussian/noise_S.tsv and discard/noise_S.tsv."""
    digits = load_digits()
    images, labels = digits.data / 16.0, digits.target.astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(images))
    training, test = order[:1000], order[1000 : 1000 + samples]
    gaussian = forward(train(images[training], labels[training], sigma, seed))
    easy = training[noisy_accuracy(gaussian, images[training], labels[training], sigma) >= discard]
    models = {"gaussian": gaussian, "discard": forward(train(images[easy], labels[easy], sigma, seed))}
    for name, classifier in models.items():
        lines = []
        for index, i in enumerate(track(test, f"certifying {name}", transient=True)):  # index: place in the test set
            start = time.perf_counter()
            rng = np.random.default_rng([seed, index])
            certificate = certify(classifier, images[i], classes=10, sigma=sigma, n=n, rng=rng)
            lines.append(log_line(index, int(labels[i]), certificate, time.perf_counter() - start, seed))
        path = out / name / f"noise_{sigma:.2f}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_log(path, lines)
        print(f"wrote {path} (trained on {len(training if name == 'gaussian' else easy)} images)")


if __name__ == "__main__":
    typer.run(main)
