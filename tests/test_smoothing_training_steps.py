"""What a training step sees and does, and what the training log says of it."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest, norm
from training_runs import CPU, few_digits, quick

from rstheory.smoothing.data import Dataset
from rstheory.smoothing.models import build, load_checkpoint
from rstheory.smoothing.training import (
    CrossEntropy,
    Method,
    Perturbation,
    Sampler,
    count_labels,
    train,
)
from rstheory.smoothing.training.epoch import WATCH, seed_of


@pytest.fixture(scope="module")
def digits():
    return few_digits()


class Watching(Perturbation):
    """Changes nothing, and keeps what every step is given: epoch, images, labels, noise."""

    def __init__(self):
        self.steps = []

    def noise(self, step, state):
        self.steps.append((step.epoch, step.images.clone(), step.labels.clone(), step.noise.clone()))
        return step.noise


def watched(data, out, configuration, *samplers, objective=None):
    """The steps of a run with these samplers, under the cross entropy if there is no other objective."""
    watching = Watching()
    method = Method("watched", objective or CrossEntropy(), samplers, (watching,))
    train(method, configuration, data, arch="mlp", out=out, device=CPU)
    return watching.steps


def kinds(n, classes=4, shape=(1, 2, 2)):
    """n plain images; kind i % classes is told from the brightness of image i, and is its label."""
    labels = torch.arange(n) % classes
    images = (60 * labels).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, *shape).contiguous()
    return Dataset(images, labels, tuple(map(str, range(classes))), "kinds")


class Known(Sampler):
    """Returns the weights that it was given for an epoch, by kind."""

    def __init__(self, **given):
        self.given = given

    def weights(self, epoch):
        of_kind = self.given.get(f"epoch_{epoch.number}")
        return None if of_kind is None else torch.tensor(of_kind, dtype=torch.float64)[epoch.labels]


@pytest.mark.parametrize("swapped", [False, True])
def test_the_weights_of_all_samplers_multiply_and_each_holds_until_its_sampler_gives_another(tmp_path, swapped):
    """E1 with E2: what one sampler dropped stays dropped when another weighs the rest, and weighs it again. Chi-square
    at 1e-6 over 1,200 draws an epoch, seed fixed; eight of them, so a fresh seed would fail once in 125,000 times."""
    dropping, weighing = Known(epoch_1=[1, 0, 1, 1]), Known(epoch_2=[5, 7, 1, 2], epoch_3=[1, 9, 3, 4])
    parts = (weighing, dropping) if swapped else (dropping, weighing)
    steps = watched(kinds(1200), tmp_path / "a.safetensors", quick(epochs=4, batch=300), *parts)
    expected = [[1, 1, 1, 1], [1, 0, 1, 1], [5, 0, 1, 2], [1, 0, 3, 4]]
    for epoch, weights in enumerate(expected):
        images = torch.cat([images for at, images, _, _ in steps if at == epoch])
        kind = torch.round(images[:, 0, 0, 0] * 255 / 60).long().numpy()
        counts, weights = np.bincount(kind, minlength=4), np.array(weights)
        assert counts.sum() == 1200
        if epoch == 0:  # nobody has spoken yet: every sample once
            assert counts.tolist() == [300] * 4
        assert not counts[weights == 0].any()
        chances = weights[weights > 0] / weights.sum()
        assert chisquare(counts[weights > 0], 1200 * chances).pvalue > 1e-6


def test_weights_follow_sgd_by_hand(tmp_path):
    """Three epochs at three rates, with momentum and weight decay large enough to matter: v <- momentum v + gradient +
    decay w, then w <- w - rate v. Momentum runs on from epoch to epoch. Tolerance: nine steps in float32."""
    configuration = quick(epochs=3, batch=16, learning_rate=0.2, momentum=0.8, weight_decay=0.05, seed=7)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 3, 3), generator=generator, dtype=torch.uint8)
    data = Dataset(images, torch.randint(0, 3, (40,), generator=generator), ("a", "b", "c"), "toy")
    steps = watched(data, tmp_path / "a.safetensors", configuration)
    assert [(epoch, len(labels)) for epoch, _, labels, _ in steps] == [(e, b) for e in range(3) for b in (16, 16, 8)]
    torch.manual_seed(7)
    model = build("mlp", 3, (1, 3, 3))
    weights = list(model.parameters())
    velocity = [torch.zeros_like(weight) for weight in weights]
    for epoch, images, labels, noise in steps:
        rate = (0.2, 0.02, 0.002)[epoch]
        scores = torch.stack([model(images + one) for one in noise]).log_softmax(2)
        loss = -scores[:, torch.arange(len(labels)), labels].mean()
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for weight, pace, gradient in zip(weights, velocity, gradients, strict=True):
                pace.mul_(0.8).add_(gradient + 0.05 * weight)
                weight.sub_(rate * pace)
    found = list(load_checkpoint(tmp_path / "a.safetensors").model.parameters())
    for weight, own in zip(weights, found, strict=True):
        torch.testing.assert_close(own.detach(), weight.detach(), rtol=1e-4, atol=1e-6)


def variants(image):
    """Every crop of an image (channels, height, width) padded by 4 zeros, and its mirror: bytes -> flip, top, left."""
    _, height, width = image.shape
    padded = np.pad(image, [(0, 0), (4, 4), (4, 4)])
    crops = {(top, left): padded[:, top : top + height, left : left + width] for top in range(9) for left in range(9)}
    found = {crop.tobytes(): (0, *place) for place, crop in crops.items()}
    found |= {crop[:, :, ::-1].tobytes(): (1, *place) for place, crop in crops.items()}
    return found


def test_augmented_images_are_flipped_and_cropped_at_random(tmp_path):
    """Each of the 480 images that training saw is one of the 162 variants of the image with its label (every image has
    a label of its own), and flips, rows and columns are as often as they should be: chi-square at 1e-6, thrice, seed
    fixed."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (120, 3, 8, 8), generator=generator, dtype=torch.uint8)
    data = Dataset(images, torch.arange(120), tuple(map(str, range(120))), "noise")
    steps = watched(data, tmp_path / "a.safetensors", quick(batch=50, flip_and_crop=True))
    known = [variants(image) for image in images.numpy()]
    assert {len(found) for found in known} == {162}
    places = []
    for _, images, labels, _ in steps:
        pixels = (images * 255).round().to(torch.uint8).contiguous().numpy()
        torch.testing.assert_close(torch.from_numpy(pixels).float() / 255, images, rtol=0, atol=1e-7)
        places += [known[label][image.tobytes()] for image, label in zip(pixels, labels.tolist(), strict=True)]
    for values, number in zip(np.array(places).T, (2, 9, 9), strict=True):
        assert chisquare(np.bincount(values, minlength=number)).pvalue > 1e-6


def test_images_stay_as_they_are_without_augmentation(digits, tmp_path):
    steps = watched(digits, tmp_path / "a.safetensors", quick(epochs=1))
    seen = torch.cat([images for _, images, _, _ in steps]).flatten(1)
    assert torch.equal(seen.unique(dim=0), (digits.images.flatten(1).float() / 255).unique(dim=0))


@pytest.mark.parametrize("sigma", [0.12, 1.5])
def test_noise_has_the_level_that_was_asked_for(digits, tmp_path, sigma):
    """In the steps: Kolmogorov and Smirnov's test of N(0, sigma^2) on 43,200 numbers, at 1e-6, and another draw for
    every copy. In the counts that samplers ask for: as many right answers, by Hoeffding's bound at 1e-5, as in counts
    made beside the run with another seed. Seeds fixed. The labels are the raw network's own answers, so that noise
    alone decides how many are right."""
    torch.manual_seed(0)
    raw = build("mlp", 10, digits.shape).eval()
    labels = raw(digits.inputs(torch.arange(len(digits)))).argmax(1)
    digits = dataclasses.replace(digits, labels=labels)
    counted = []

    class Counting(Sampler):
        def weights(self, epoch):
            direct = count_labels(epoch.model, digits, range(len(digits)), sigma=sigma, draws=64, seed=1, device=CPU)
            counted.append((epoch.sigma, epoch.count(64).sum() - direct.sum()))

    configuration = quick(epochs=1, draws=3, sigma=sigma)
    steps = watched(digits, tmp_path / "a.safetensors", configuration, Counting())
    noise = torch.cat([noise.flatten(2) for _, _, _, noise in steps], dim=1)
    assert noise.shape == (3, len(digits), 64)
    assert kstest(noise.flatten().numpy(), norm(0, sigma).cdf).pvalue > 1e-6
    assert len(noise[:, :, 0].unique()) > 0.999 * noise[:, :, 0].numel()
    ((level, difference),) = counted
    assert level == sigma
    # Of 2 * 64 n answers, each 0 or 1: a difference of t has a chance of at most 2 exp(-2 t^2 / (2 * 64 n)).
    assert abs(difference) < (64 * len(digits) * np.log(2e5)) ** 0.5


# -- the training log -----------------------------------------------------------------------------------------------


def test_every_column_of_the_training_log_is_what_it_says(digits, tmp_path):
    """Loss and accuracy from the logits of all steps, the share drawn from the images seen, the rate from the schedule,
    and p of the watched samples from the weights, which are those of the last epoch."""

    class Dropping(Sampler):
        """Drops a third of the classes from epoch 1 on."""

        def weights(self, epoch):
            return (epoch.labels % 3 != 0).double() if epoch.number == 1 else None

    class Reading(CrossEntropy):
        """Keeps the logits and labels of every step."""

        def __init__(self):
            self.steps = []

        def loss(self, step, state):
            outcome = super().loss(step, state)
            self.steps.append((step.epoch, outcome.logits.detach().double(), step.labels))
            return outcome

    reading, configuration = Reading(), quick(epochs=3, sigma=0.4)
    steps = watched(digits, tmp_path / "a.safetensors", configuration, Dropping(), objective=reading)
    lines = [line.split("\t") for line in (tmp_path / "a.train.tsv").read_text().splitlines()]
    rows = [dict(zip(lines[0], map(float, line), strict=True)) for line in lines[1:]]
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert [row["rate"] for row in rows] == [0.1, 0.01, 0.001]
    for epoch, row in enumerate(rows):
        losses, right, images = [], 0, 0
        for _, logits, labels in (step for step in reading.steps if step[0] == epoch):
            scores = logits.log_softmax(2)
            losses += (-scores[:, torch.arange(len(labels)), labels]).flatten().tolist()
            right += int((logits.argmax(2) == labels).sum())
            images += 2 * len(labels)
        assert images == 2 * len(digits)
        assert row["loss"] == pytest.approx(sum(losses) / images, abs=1e-5)
        assert row["accuracy"] == pytest.approx(right / images, abs=1e-5)
        seen = torch.cat([images for at, images, _, _ in steps if at == epoch]).flatten(1).unique(dim=0)
        assert row["drawn"] == pytest.approx(len(seen) / len(digits), abs=1e-4)
        assert row["seconds"] >= 0
    assert rows[0]["drawn"] == 1 > rows[1]["drawn"]
    # Fewer than 500 training samples: all are watched.
    model = load_checkpoint(tmp_path / "a.safetensors").model
    options = {"sigma": 0.4, "draws": 16, "device": CPU}
    counts = count_labels(model, digits, range(len(digits)), seed=seed_of(0, 2, WATCH), **options).numpy()
    edges = {"p0-0.25": (0, 4), "p0.25-0.5": (4, 8), "p0.5-0.75": (8, 12), "p0.75-1": (12, 16), "p1": (16, 17)}
    assert list(edges) == [name for name in lines[0] if name in edges]
    shares = [np.mean((counts >= low) & (counts < high)) for low, high in edges.values()]
    assert len({round(share, 4) for share in shares}) == 5  # so that no two of them can change places unseen
    for name, share in zip(edges, shares, strict=True):
        assert rows[2][name] == pytest.approx(share, abs=1e-4)


def test_every_epoch_draws_afresh(digits, tmp_path):
    """Order, noise, and the draws by which samplers count: those of one epoch are not those of another. At this rate
    the network stays what it was, so counts differ by their draws alone."""
    counts = []

    class Counting(Sampler):
        def weights(self, epoch):
            counts.append(epoch.count(16))
            assert torch.equal(epoch.count(16), counts[-1])

    configuration = quick(learning_rate=1e-30, weight_decay=0.0)
    steps = watched(digits, tmp_path / "a.safetensors", configuration, Counting())
    first, again = ([step[1:] for step in steps if step[0] == epoch] for epoch in (0, 1))
    assert not torch.equal(torch.cat([labels for _, labels, _ in first]), torch.cat([labels for _, labels, _ in again]))
    assert not torch.equal(first[0][2], again[0][2])
    assert not any(torch.equal(counts[0], other) for other in counts[1:])
