"""Groups, tiers and what is said of easy images."""

import os
from pathlib import Path

import numpy as np
import pytest
from atlas_folders import log_lines, repository, write_log

from rstheory.atlas import Rules, atlas, shipped
from rstheory.atlas.easy import gains, kind_of
from rstheory.atlas.entries import grouped
from rstheory.atlas.frame import to_frame, to_json
from rstheory.atlas.page import page
from rstheory.atlas.pairs import Difference
from rstheory.atlas.standing import Pair, _tiers, standings


def built(folder, **settings):
    return atlas([folder], **{"n": 1_000, "budgets": (100, 1_000)} | settings)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Gaussian training twice, and a method that makes easy images easier and hard ones harder; N = 10^5, 2,000
    images."""
    result = atlas([repository(tmp_path_factory.mktemp("standing"), n=100_000)], budgets=(1_000, 100_000))
    return result, standings(result)


def test_a_method_that_trades_hard_images_for_easy_ones_crosses(found):
    _, (standing,) = found
    names = [entry.method for entry in standing.entries]
    gaussian, ours, macer = (names.index(name) for name in ("Gaussian", "ACR weakness", "MACER"))
    assert standing.verdict(gaussian, macer) == "tie", "one model certified twice"
    assert standing.verdict(ours, gaussian) == standing.verdict(gaussian, ours) == "cross"
    assert standing.acr[ours] > standing.acr[gaussian], "and ACR likes it"
    assert standing.tiers == ((0, 1, 2),)
    kinds = {gain.method: gain.kind for gain in gains([standing])}
    assert kinds == {"ACR weakness": "trades", "MACER": "no difference"}
    (gain,) = (gain for gain in gains([standing]) if gain.method == "ACR weakness")
    assert gain.lead[0] < 0 < gain.lead[-1]
    with pytest.raises(ValueError, match="these entries were not compared"):
        standing.verdict(0, 0)


def test_the_table_and_the_json_say_the_same(found):
    result, placed = found
    frame, content = to_frame(result, placed), to_json(result, placed)
    assert len(frame) == len(content["logs"]) == len(result.rows)
    for i, row in frame.iterrows():
        log = content["logs"][i]
        assert row["acr"] == log["acr"]
        assert row["S_0.9"] == log["survival"][content["u"].index(0.9)]
        assert row["acr_1000"] == log["budgets"][0]["acr"]
        assert row["ahead"] + row["behind"] + row["cross"] + row["ties"] == 2
    (group,) = content["groups"]
    assert [entry["tier"] for entry in group["entries"]] == frame["tier"].tolist()
    assert {pair["verdict"] for pair in group["pairs"]} == {"cross", "tie"}
    assert frame["origin"].str.contains("path: gaussian").any()


def test_the_page_tells_ties_and_crossings(found):
    text = page(*found)
    assert "| CIFAR-10 | 0.5 | ACR weakness (ResNet-110) [eth-sri/acr-weakness] | 1 / 1 | 2,000 |" in text
    assert "gains where p is high and loses where p is low: 1 of 2" in text
    assert "### CIFAR-10, sigma=0.5, N=100,000, alpha=0.001" in text
    assert "/tmp" not in text


def pair(a, b, verdict):
    nothing = np.zeros(1)
    return Pair(a, b, Difference(nothing, nothing, nothing, nothing, nothing, 1, "paired"), nothing, verdict, None)


def test_tiers():
    assert _tiers(3, [pair(0, 1, "ahead"), pair(1, 2, "ahead"), pair(0, 2, "cross")]) == ((0,), (1,), (2,))
    assert _tiers(3, [pair(0, 1, "behind"), pair(1, 2, "tie"), pair(0, 2, "tie")]) == ((1, 2), (0,))
    ring = [pair(0, 1, "ahead"), pair(1, 2, "ahead"), pair(0, 2, "behind")]
    assert _tiers(3, ring) == ((0, 1, 2),)


@pytest.mark.parametrize(
    ("signs", "kind"),
    [
        ("--.++", "trades"),
        (".-.+.", "trades"),
        ("..+++", "easy only"),
        ("+++++", "everywhere"),
        ("+...+", "everywhere"),
        ("++.--", "hard only"),
        ("+-+..", "mixed"),
        ("-----", "loses"),
        (".....", "no difference"),
    ],
)
def test_kinds_of_gain(signs, kind):
    lead = np.array([{"+": 0.1, "-": -0.1, ".": 0.01}[sign] for sign in signs])
    assert kind_of(lead, np.array([sign != "." for sign in signs])) == kind


def lines(seed, samples=150, sigma=0.5, n=1_000):
    rng = np.random.default_rng(seed)
    return log_lines(rng.beta(3, 0.5, samples), np.zeros(samples, int), rng, n, sigma=sigma)


def test_what_is_compared_and_what_is_not(tmp_path):
    write_log(tmp_path, "cifar10/gaussian/noise_0.5.tsv", lines(0))
    write_log(tmp_path, "cifar10/ours/noise_0.5.tsv", lines(1))
    write_log(tmp_path, "cifar10/ours/noise_0.25.tsv", lines(2, sigma=0.25))
    write_log(tmp_path, "imagenet/ours/noise_0.5.tsv", lines(3))
    write_log(tmp_path, "copy/cifar10/gaussian/noise_0.5.tsv", [*lines(0)[:1], *(f"{x}1" for x in lines(0)[1:])])
    write_log(tmp_path, "cifar10/macer/noise_0.5.tsv", lines(4, samples=50))
    impossible = [*lines(5), "999\t0\t0\t1.7\t1\t0"]
    write_log(tmp_path, "cifar10/catrs/noise_0.5.tsv", impossible)
    result = atlas([tmp_path], n=1_000, budgets=(), rules=at_budget(1_000))
    groups = {(group.setting.data, group.setting.sigma): group for group in grouped(result.rows)}
    assert set(groups) == {("CIFAR-10", 0.5), ("CIFAR-10", 0.25), ("ImageNet", 0.5)}
    group = groups["CIFAR-10", 0.5]
    assert [entry.method for entry in group.entries] == ["Gaussian", "ACR weakness"]
    assert {result.rows[i].named.method for i in group.left_out} == {"MACER", "CAT-RS"}
    ((copy, first),) = group.duplicates.items()
    assert "copy/" in result.rows[copy].path or "copy/" in result.rows[first].path
    frame = to_frame(result, standings(result))
    assert frame["same_rows_as"].notna().sum() == 1
    verdicts = {row.named.method: row.verdict for row in result.rows}
    assert verdicts["CAT-RS"] == "impossible"


def at_budget(n):
    """The shipped rules, with the budget told."""
    from dataclasses import replace

    known = shipped()
    return Rules(tuple(replace(rule, n=n, alpha=1e-3) for rule in known.rules), known.texts)


def test_another_certificate_is_listed_and_not_compared(tmp_path):
    write_log(
        tmp_path,
        "AI-secure__semantic-randomized-smoothing/data/main_results/mnist/convnet/gaussian_blur/x.txt",
        [lines(0)[0], *(f"{i}\t1\t1\t{5 + i}\t1\t0" for i in range(200))],
    )
    result = atlas([tmp_path], budgets=(1_000,))
    (row,) = result.rows
    assert (row.verdict, row.budgets, row.levels) == ("another certificate", (), b"")
    assert row.acr == pytest.approx(5 + 99.5)
    assert standings(result) == ()
    assert "No entry has such a reference here." in page(result, ())


def test_runs_of_one_training_are_one_entry(tmp_path):
    at = "jh-jeong__smoothing-consistency/data/certify/mnist"
    for run in range(3):
        write_log(tmp_path, f"{at}/cohen/noise_0.50_{run}", lines(run))
        write_log(tmp_path, f"{at}/stab/lbd_2/noise_0.50_{run}", lines(10 + run))
    (standing,) = standings(atlas([tmp_path], n=1_000, budgets=(), rules=at_budget(1_000)))
    assert [(entry.method, len(entry.rows)) for entry in standing.entries] == [
        ("Gaussian", 3),
        ("Stability training", 3),
    ]
    assert standing.pairs[0].difference.how == "runs"


PUBLISHED = os.environ.get("RSTHEORY_PUBLISHED_LOGS")


@pytest.mark.skipif(PUBLISHED is None, reason="RSTHEORY_PUBLISHED_LOGS does not name the folder of published logs")
def test_the_published_methods_all_trade_hard_images_for_easy_ones():
    """What the paper says of its seven methods, with error: CIFAR-10 at every noise level."""
    found = gains(standings(atlas([Path(PUBLISHED, "cifar10")], budgets=(100_000,))))
    assert len(found) == 18
    assert {gain.kind for gain in found} == {"trades"}
    assert all(gain.significant[0] and gain.lead[0] < 0 for gain in found), "fewer images are certified at all"
