"""An atlas is the same whatever reads it: one process, two, or the cache of an earlier run."""

import json

import numpy as np
import pytest
from atlas_folders import log_lines, repository, write_log
from broken_logs import mutated, own_logs, plain_logs
from hypothesis import given, settings

from rstheory import min_certifiable_count, read_log
from rstheory.atlas import Summary, shipped
from rstheory.atlas import atlas as full_atlas
from rstheory.atlas import cache as caches
from rstheory.atlas.budgets import acr_at, label_counts


def atlas(folders, **settings):
    """Without predictions beyond N = 1,000, which take most of the time."""
    return full_atlas(folders, **{"budgets": (100, 1_000)} | settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = repository(tmp_path_factory.mktemp("atlas"), images=400)
    write_log(root, "cifar10/ours/noise_0.25.tsv", ["idx\tlabel\tpredict\tradius\tcorrect\ttime", "0\t1\t1\tx\t1\t0"])
    write_log(root, "cifar10/README.md", ["no log"])
    return root


def same(a, b):
    return [row.to_json() for row in a.rows] == [row.to_json() for row in b.rows] and a.images.keys() == b.images.keys()


def test_rows_do_not_depend_on_the_number_of_processes(folder):
    one, two = atlas([folder], n=500, jobs=1), atlas([folder], n=500, jobs=2)
    assert same(one, two)
    assert [row.named.method for row in one.rows] == ["Gaussian", "MACER", "ACR weakness", "ACR weakness"]
    assert len(one.images) == 1, "the logs share their images"


def test_what_cannot_be_read_is_a_row_with_the_reason(folder):
    (broken,) = atlas([folder]).unreadable
    assert broken.path.endswith("cifar10/ours/noise_0.25.tsv")
    assert broken.verdict == "unreadable"
    assert "no row can be read" in broken.error
    assert str(folder) not in broken.error


def test_a_folder_without_logs_is_a_row(tmp_path):
    (row,) = atlas([tmp_path]).rows
    assert "no certification log" in row.error


def test_a_second_run_reuses_what_has_not_changed(folder, tmp_path):
    kept = tmp_path / "cache.jsonl"
    first = atlas([folder], n=500, cache=kept)
    again = atlas([folder], n=500, cache=kept)
    assert same(first, again)
    assert (first.reused, again.reused) == (0, 4)
    assert atlas([folder], n=400, cache=kept).reused == 0, "another common budget is another question"
    atlas([folder], n=500, cache=kept)
    changed = folder / "cifar10/macer/noise_0.5.tsv"
    before = changed.read_bytes()
    try:
        changed.write_bytes(before[: before.rstrip().rfind(b"\n") + 1])
        shorter = atlas([folder], n=500, cache=kept)
    finally:
        changed.write_bytes(before)
    assert shorter.reused == 3
    assert shorter.rows[1].samples == first.rows[1].samples - 1


def damages():
    def cut(content):
        return content[: len(content) // 2]

    def changed(content):
        return content.replace(b'"samples":400', b'"samples":401', 1)

    def no_end(content):
        return content[: content.rstrip().rfind(b"\n") + 1]

    return [cut, changed, no_end, lambda content: b"", lambda content: b"hello\n", lambda content: b"\xff\x00"]


@pytest.mark.parametrize("number", range(6))
def test_a_damaged_cache_is_refused_and_rebuilt(folder, tmp_path, number):
    kept = tmp_path / "cache.jsonl"
    first = atlas([folder], n=500, cache=kept)
    good = kept.read_bytes()
    kept.write_bytes(damages()[number](good))
    assert kept.read_bytes() != good
    again = atlas([folder], n=500, cache=kept)
    assert again.reused == 0
    assert again.refused
    assert same(first, again)
    assert kept.read_bytes() == good


def test_the_key_sees_content_names_rules_budget_and_version(folder, monkeypatch, tmp_path):
    path = str(folder / "cifar10/macer/noise_0.5.tsv")
    other = tmp_path / "copy.tsv"
    other.write_text((folder / "cifar10/macer/noise_0.5.tsv").read_text() + "9999\t1\t1\t0.5\t1\t0\n")
    rules = shipped()
    keys = {
        caches.key([("a", path)], rules, 500, 0.001, (100,)),
        caches.key([("b", path)], rules, 500, 0.001, (100,)),
        caches.key([("a", str(other))], rules, 500, 0.001, (100,)),
        caches.key([("a", path)], rules, 501, 0.001, (100,)),
        caches.key([("a", path)], rules, 500, 0.01, (100,)),
    }
    monkeypatch.setattr(caches, "__version__", "another")
    keys.add(caches.key([("a", path)], rules, 500, 0.001, (100,)))
    assert len(keys) == 6


def test_a_summary_comes_back_from_json(folder):
    for row in atlas([folder]).rows:
        back = Summary.from_json(json.loads(json.dumps(row.to_json())))
        assert back.to_json() == row.to_json()
        assert back.levels == row.levels


def test_acr_at_other_budgets_is_that_of_the_log(folder):
    log = read_log(folder / "cifar10/gaussian/noise_0.5.tsv")
    assert log.n == 1_000
    for n in (100, 300, 900):
        ours, exact = acr_at(log, n, 0.001), log.at_budget(n)
        assert ours.kind == exact.kind == "exact"
        assert abs(ours.acr - exact.acr) < 2e-6
        assert abs(ours.acr_sound - exact.acr_sound) < 2e-6
        assert abs(ours.standard_deviation - exact.standard_deviation) < 1e-6
    assert acr_at(log, 1_000, 0.001).acr == log.acr
    assert acr_at(log, 10_000, 0.001).kind == "predicted"


def test_the_prediction_upwards_is_near_a_run_at_that_budget(tmp_path):
    """N = 10^3 predicts N = 10^5 within 3 %: 2,000 images, the same probabilities, fixed seed."""
    rng = np.random.default_rng(5)
    p = rng.beta(3, 0.4, 2_000)
    label = np.zeros(2_000, int)
    small = read_log(write_log(tmp_path, "a/noise_0.5.tsv", log_lines(p, label, rng, 1_000)), n=1_000)
    large = read_log(write_log(tmp_path, "b/noise_0.5.tsv", log_lines(p, label, rng, 100_000)), n=100_000)
    predicted = acr_at(small, 100_000, 0.001)
    assert abs(predicted.acr - large.acr) < 0.03 * large.acr
    assert large.acr > 1.1 * small.acr, "or the prediction would be no prediction"


def test_what_a_log_does_not_tell_is_a_range(tmp_path):
    rng = np.random.default_rng(0)
    log = read_log(write_log(tmp_path, "noise_0.5.tsv", log_lines([0.99, 0.2, 0.97], [1, 2, 3], rng)), n=1_000)
    counts = label_counts(log)
    assert (counts.low[1], counts.high[1]) == (0, int(min_certifiable_count(1_000, 0.001)) - 1)
    assert np.all(counts.low[[0, 2]] == counts.high[[0, 2]])


def test_a_common_budget_below_the_log_s_own_is_a_run_at_it(folder):
    """Draws kept at random: the mean curve is that of a fresh run; here the ACR at it, within 5 standard errors."""
    row = atlas([folder], n=300).rows[0]
    assert row.curve_n == 300
    log = read_log(folder / "cifar10/gaussian/noise_0.5.tsv")
    from rstheory.budget import radius_from_count
    from rstheory.transport import moments

    counts = log.recovered_counts().nearest[: int(log.correct.sum())]
    distinct = np.unique(counts)
    expected = moments(distinct, log.n, 300, 0.001)
    assert expected.mean.max() <= float(radius_from_count(300, 300, 0.001)) + 1e-12
    assert row.survival[0] <= log.clean_accuracy + 5 / np.sqrt(log.samples)
    assert row.survival == atlas([folder], n=300).rows[0].survival, "a fixed seed"


def test_no_process_is_refused(folder):
    with pytest.raises(ValueError, match="jobs=0 is not allowed"):
        atlas([folder], jobs=0)


@settings(max_examples=40)
@given(lines=mutated(plain_logs() | own_logs()))
def test_whatever_happened_to_a_log_it_is_a_row(lines, tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    (folder / "noise_0.5.tsv").write_bytes(lines)
    found = atlas([folder / "noise_0.5.tsv"], n=100)
    assert len(found.rows) == 1
    row = found.rows[0]
    assert bool(row.error) == (row.verdict == "unreadable")
    assert Summary.from_json(json.loads(json.dumps(row.to_json(), allow_nan=False))).to_json() == row.to_json()


def test_a_log_that_cannot_be_summarised_is_a_row(folder, monkeypatch):
    def defeated(*arguments):
        raise ArithmeticError("no estimate in 60 rounds")

    monkeypatch.setattr("rstheory.atlas.build.summarise", defeated)
    reasons = {row.error for row in atlas([folder]).rows}
    assert "read, but not summarised: no estimate in 60 rounds" in reasons
