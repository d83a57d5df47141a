"""Names of method, data set and noise level come from declared rules, and nothing is guessed."""

import os
from pathlib import Path

import pytest

from rstheory.atlas.rules import FIELDS, GAUSSIAN, Named, shipped, with_user_rules

PATHS = {
    "published_logs/cifar10/catrs/noise_0.25.tsv": ("eth-sri/acr-weakness", "CIFAR-10", "CAT-RS", "ResNet-110", 0.25),
    "x/imagenet/gaussian/noise_0.25": ("eth-sri/acr-weakness", "ImageNet", "Gaussian", "ResNet-50", 0.25),
    "jh-jeong__smoothing-consistency/data/certify/cifar10/consistency/cohen/num_2/lbd_5.0/eta_0.5/cifar_resnet20/"
    "noise_0.50": ("jh-jeong/smoothing-consistency", "CIFAR-10", "Consistency", "ResNet-20", 0.5),
    "jh-jeong__smoothing-consistency/data/certify/mnist/cohen/noise_1.00_2110": (
        "jh-jeong/smoothing-consistency", "MNIST", "Gaussian", "LeNet", 1.0),
    "RulinShao__denoised-smoothing/certi/resnet50/sigma_25": (
        "RulinShao/denoised-smoothing", "ImageNet", "Denoised smoothing", "resnet50", 0.25),
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_what_shipped_rules_say(path):
    named = shipped().name(path)
    assert (named.repository, named.data, named.method, named.architecture, named.sigma) == PATHS[path]
    assert named.file
    assert path.endswith(named.file)
    assert all(what in FIELDS for what in named.origin)
    assert set(named.origin) >= {"data", "method", "architecture", "sigma"}, "each name says where it came from"


def test_runs_and_settings_are_told_apart():
    at = "jh-jeong__smoothing-consistency/data/certify/mnist/salman/pgd_255.0_10_10/num_4/noise_0.50_3916"
    named = shipped().name(at)
    assert (named.method, named.settings, named.run) == ("SmoothAdv", "pgd_255.0_10_10/num_4", "3916")


def test_another_budget_is_the_rules_with_its_reason():
    named = shipped().name("eth-sri__ACES/data/cifar10/gaussian/noise_0.25/cifar10_gaussian_025_certification")
    assert named.alpha == 0.0005
    assert "halves alpha" in named.origin["alpha"]


def test_an_unknown_path_names_nothing():
    assert shipped().name("/somewhere/results.tsv") == Named()


def test_user_rules_come_first(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("""[[rule]]
repository = "me/mine"
path = 'cifar10/(?P<method>\\w+)/noise_(?P<sigma>\\d+)$'
sigma_unit = 0.01
n = 5000
because = "I ran it"
fixed = { data = "CIFAR-10 (JPEG)" }
names.method = { catrs = "My CAT-RS" }
""")
    rules = with_user_rules(mine)
    named = rules.name("a/cifar10/catrs/noise_25")
    assert (named.method, named.data, named.sigma, named.n) == ("My CAT-RS", "CIFAR-10 (JPEG)", 0.25, 5000)
    assert named.certificate == GAUSSIAN
    assert named.origin["n"] == "I ran it"
    assert rules.name("a/cifar10/catrs/noise_0.25.tsv").repository == "eth-sri/acr-weakness"
    assert rules.texts != shipped().texts, "the cache must see that the rules are others"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rule]]\npath = '('", "no regular expression"),
        ("[[rule]]\nrepository = 'x'", "path is missing"),
        ("[[rule]]\npath = 'a'\ncolour = 'x'", "colour is not allowed"),
        ("[[rule]]\npath = '(?P<colour>a)'", "colour is not allowed"),
        ("[[rule]]\npath = 'a'\nsigma_unit = 0", "sigma_unit=0 is not allowed"),
        ("[[rule]]\npath = 'a'\nalpha = 1.5", "alpha=1.5 is not allowed"),
        ("[[rule]]\npath = 'a'\nfixed = { data = 3 }", "are texts"),
        ("[rule]\npath = 'a'", "holds tables [[rule]]"),
        ("not toml", "not TOML"),
    ],
)
def test_broken_rules_are_refused_by_name(tmp_path, text, message):
    file = tmp_path / "r.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"r\.toml") as refused:
        with_user_rules(file)
    assert message in str(refused.value)


@pytest.mark.parametrize("variable", ["RSTHEORY_PUBLIC_LOGS", "RSTHEORY_PUBLISHED_LOGS"])
def test_every_public_log_has_a_rule_of_its_repository(variable):
    folder = os.environ.get(variable)
    if folder is None:
        pytest.skip(f"{variable} does not name a folder of logs")
    from rstheory.logs.find import find_logs

    for path in find_logs([folder]).logs:
        named = shipped().name(path)
        assert named.repository, path
        assert named.data, path
        if variable == "RSTHEORY_PUBLIC_LOGS":
            assert Path(path).parts[len(Path(folder).parts)] == named.repository.replace("/", "__")
