"""Logs that a stopping rule or another bound made: read as that, and refused where a fixed n is needed (G8)."""

import json

import numpy as np
import pytest
from log_files import codes, own_lines, write
from stopped_logs import bound_lines, stopped_lines, with_cell
from typer.testing import CliRunner

from rstheory import CertificationLog, audit_logs, compare_logs, radius_from_count, read_log
from rstheory.audit.survival import survival
from rstheory.cli import app
from rstheory.logs.schema import RANDOMIZED_LOG, STOPPED_LOG, TWO_CLASS_LOG
from rstheory.sequential import ToleranceRule, growing_looks, rule_for_curve, rule_for_radius

CAP, SIGMA, ALPHA = 1000, 0.5, 0.001
RULES = {
    "radius=0.5": rule_for_radius(0.5, SIGMA, CAP, ALPHA),
    "curve": rule_for_curve(SIGMA, CAP, ALPHA),
    "tolerance=0.1": ToleranceRule(0.1, SIGMA, growing_looks(CAP, growth=0.5), ALPHA, name="tolerance=0.1"),
}
PROBABILITIES = np.random.default_rng(1).beta(3, 0.5, 60)
LINES = {name: stopped_lines(rule, PROBABILITIES) for name, rule in RULES.items()}
COUNTS = np.random.default_rng(2).binomial(CAP, PROBABILITIES)


@pytest.fixture(params=RULES)
def stopped(request, tmp_path):
    return request.param, list(LINES[request.param]), read_log(write(tmp_path, LINES[request.param]))


@pytest.fixture(params=["randomized", "two-class"])
def other(request, tmp_path):
    lines = bound_lines(request.param, COUNTS, CAP)
    return request.param, lines, read_log(write(tmp_path, lines))


def test_the_reader_says_which_rule_stopped_it(stopped):
    rule, _, log = stopped
    assert log.rule == rule
    assert log.origin.rule == f"{rule} 0123456789abcdef"
    assert len(set(log.draws.tolist())) > 3
    assert log.draws.max() <= log.n == CAP
    assert codes(log) == ["stopping-rule"]
    (finding,) = log.warnings
    assert finding.is_note
    assert (
        f"the rule {rule} stopped each sample, after {log.draws.min()} to {log.draws.max():,} draws" in finding.message
    )
    assert not log.fixed_budget
    assert log.select(np.arange(3)).draws.tolist() == log.draws[:3].tolist()


def test_radii_of_a_rule_are_no_rounded_ones(stopped):
    """0.5 is what --radius 0.5 proves, not 0.45 to 0.55."""
    rule, _, log = stopped
    assert not log.half_unit.any()
    assert log.rounded_down().acr == log.acr > 0
    if rule == "radius=0.5":
        assert {round(r, 9) for r in log.radius.tolist()} == {0.0, 0.5}
        assert log.certified_accuracy(0.5) == log.clean_accuracy


@pytest.mark.parametrize(
    "use",
    [
        lambda log: log.at_budget(100),
        lambda log: log.at_budget(log.n),
        lambda log: log.recovered_counts(),
        lambda log: log.label_counts,
        lambda log: log.rival_counts,
        lambda log: log.rebound("clopper-pearson"),
        lambda log: log.plot_acr_by_budget(),
        lambda log: compare_logs(log, log),
    ],
)
def test_what_needs_a_fixed_n_is_refused_by_name(stopped, use):
    rule, _, log = stopped
    with pytest.raises(ValueError, match=f"the rule {rule} stopped the draws of each sample"):
        use(log)


def test_what_a_naive_reading_would_give_is_wrong(stopped):
    """G8: taken as n fixed draws, the counts of a stopped log contradict its own radii."""
    _, _, log = stopped
    as_if_fixed = radius_from_count(log.count, log.n, log.alpha, log.sigma)
    assert np.mean(as_if_fixed * log.correct) < 0.8 * log.acr


def test_a_radius_above_what_any_rule_can_prove_is_named(stopped, tmp_path):
    """For instance of repeated looks at level alpha each, or typed in: its lower end is Clopper and Pearson's."""
    _, lines, log = stopped
    chosen = int(np.argmax(log.draws < CAP // 2))
    count, draws = int(log.count[chosen]), int(log.draws[chosen])
    most = float(radius_from_count(count, draws, ALPHA, SIGMA))
    lines = list(lines)
    lines[chosen + 1] = with_cell(lines[chosen + 1], STOPPED_LOG, "predict", chosen % 10)
    lines[chosen + 1] = with_cell(lines[chosen + 1], STOPPED_LOG, "correct", 1)
    lines[chosen + 1] = with_cell(lines[chosen + 1], STOPPED_LOG, "radius", f"{most + 0.01:#.17g}")
    broken = read_log(write(tmp_path, lines, "broken_noise_0.5.tsv"))
    assert codes(broken) == ["stopping-rule", "count-mismatch"]
    assert broken.rounded_down().radius[chosen] == pytest.approx(most, rel=1e-12)
    assert broken.count[chosen] == -1
    # And no sound rule is ever accused.
    assert np.all(log.radius <= radius_from_count(log.count, log.draws, ALPHA, SIGMA) * (1 + 1e-12))


def test_more_successes_than_draws_prove_nothing(tmp_path):
    lines = stopped_lines(RULES["radius=0.5"], [0.99] * 3)
    draws = int(lines[2].split("\t")[STOPPED_LOG.columns.index("draws")])
    lines[2] = with_cell(with_cell(lines[2], STOPPED_LOG, "count", draws + 1), STOPPED_LOG, "counts", "")
    log = read_log(write(tmp_path, lines))
    assert "count-mismatch" in codes(log)
    assert log.rounded_down().radius[1] == 0


def test_draws_that_are_n_everywhere_are_fixed_draws(tmp_path):
    plain = own_lines(COUNTS, CAP, sigma=SIGMA)
    lines = [f"{line}\t{'draws' if i == 0 else CAP}" for i, line in enumerate(plain)]
    log = read_log(write(tmp_path, lines))
    assert (log.rule, log.draws, codes(log)) == (None, None, [])
    assert log.at_budget(100).acr > 0


def test_a_rule_without_draws_is_a_rule(tmp_path):
    lines = LINES["curve"]
    place = STOPPED_LOG.columns.index("draws")
    cut = ["\t".join(cell for i, cell in enumerate(line.split("\t")) if i != place) for line in lines]
    log = read_log(write(tmp_path, cut))
    assert log.rule == "curve"
    with pytest.raises(ValueError, match="the rule curve"):
        log.at_budget(100)


def test_rows_of_two_rules_are_of_two_runs(tmp_path):
    first, second = (LINES[name] for name in ("curve", "tolerance=0.1"))
    log = read_log(write(tmp_path, [*first[:30], *second[30:]]))
    assert "mixed-origin" in codes(log)
    assert log.rule == "curve; tolerance=0.1"


# -- other bounds --


def test_another_bound_is_recomputed_from_its_evidence(other):
    bound, _, log = other
    assert (log.bound, log.rule, codes(log)) == (bound, None, ["other-bound"])
    assert log.warnings[0].is_note
    assert not log.half_unit.any()
    assert np.array_equal(log.count, COUNTS)


def test_a_radius_that_its_bound_does_not_give_is_named(other, tmp_path):
    bound, lines, log = other
    form = RANDOMIZED_LOG if bound == "randomized" else TWO_CLASS_LOG
    chosen = int(np.argmax(log.correct))
    lines = list(lines)
    lines[chosen + 1] = with_cell(lines[chosen + 1], form, "radius", repr(float(log.radius[chosen]) + 0.01))
    broken = read_log(write(tmp_path, lines, "broken_noise_0.5.tsv"))
    assert "count-mismatch" in codes(broken)
    assert broken.rounded_down().radius[chosen] == pytest.approx(log.radius[chosen], rel=1e-12)


def test_a_chosen_u_is_worth_the_plain_bound(tmp_path):
    """Whoever picks the smallest u gets the largest radius: seed and idx say which u it had to be."""
    lines = bound_lines("randomized", COUNTS, CAP)
    chosen = int(np.argmax((COUNTS > 900) & (COUNTS < CAP - 2)))
    lowered = float(radius_from_count(int(COUNTS[chosen]) + 1, CAP, ALPHA, SIGMA))
    lines[chosen + 1] = with_cell(lines[chosen + 1], RANDOMIZED_LOG, "u", "0.0")
    lines[chosen + 1] = with_cell(lines[chosen + 1], RANDOMIZED_LOG, "radius", repr(lowered))
    log = read_log(write(tmp_path, lines))
    assert "chosen-uniform" in codes(log)
    plain = float(radius_from_count(int(COUNTS[chosen]), CAP, ALPHA, SIGMA))
    assert log.rounded_down().radius[chosen] == pytest.approx(plain, rel=1e-9)


def test_a_column_of_the_same_name_in_another_log_means_something_else(tmp_path):
    plain = own_lines(COUNTS, CAP, sigma=SIGMA)
    lines = [f"{line}\t{'bound' if i == 0 else 0.93}" for i, line in enumerate(plain)]
    log = read_log(write(tmp_path, lines))
    assert (log.bound, codes(log)) == ("clopper-pearson", [])


@pytest.mark.parametrize("bound", ["randomized", "two-class"])
def test_rebound_gives_what_the_run_would_have_given(bound, tmp_path):
    """From plain to another bound and back, against the logs that a run with that bound writes."""
    made = read_log(write(tmp_path / "made", bound_lines(bound, COUNTS, CAP)))
    plain = made.rebound("clopper-pearson")
    assert np.array_equal(plain.radius, radius_from_count(COUNTS, CAP, ALPHA, SIGMA))
    assert plain.fixed_budget
    assert plain.at_budget(100).acr > 0
    again = plain.rebound(bound)
    assert again.radius == pytest.approx(made.radius, rel=1e-12)  # roots found one by one or together: the last digit
    assert np.array_equal(again.predict, made.predict)
    assert np.array_equal(again.correct, made.correct)
    assert (again.bound, codes(again)) == (bound, ["other-bound"])
    assert again.acr > plain.acr  # rivals share the rest here; and the randomized bound is never below
    if bound == "randomized":
        assert np.all(again.radius >= plain.radius)


@pytest.mark.parametrize(
    ("bound", "change", "message"),
    [
        ("bonferroni", {}, "bound='bonferroni' is not allowed"),
        ("randomized", {}, "does not tell one seed"),
        ("two-class", {"counts": None}, "has no column counts"),
        ("two-class", {"count": None, "counts": None}, "idx=1 does not tell how many draws gave the selected class"),
        ("clopper-pearson", {"count": None, "counts": None}, "does not tell how many draws gave the selected class"),
    ],
)
def test_rebound_without_evidence_is_refused_by_name(bound, change, message):
    evidence = {"count": [450, 970], "counts": [[450, 250, 300], [20, 970, 10]]} | change
    arrays = {"label": [0, 1], "predict": [-1, 1], "radius": [0, 1.64], "sigma": 1.0, "n": 1000}
    if evidence["count"] is None:
        arrays |= {"predict": [0, 1], "radius": [0.5, 1.5]}
        message = message.replace("idx=1", "idx=0")
    log = CertificationLog.from_arrays(**arrays, **evidence)
    with pytest.raises(ValueError, match=message):
        log.rebound(bound)


def test_two_class_radii_are_no_bounds_on_p(other):
    bound, _, log = other
    if bound == "two-class":
        with pytest.raises(ValueError, match="a two-class radius is no bound on p"):
            survival(log)
    else:
        assert survival(log).lower_samples.max() > 0
    with pytest.raises(ValueError, match=f"the radii come from the {bound} bound"):
        log.at_budget(100)


# -- an audit of a folder that holds some --


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "logs", own_lines(COUNTS, CAP, sigma=SIGMA), "fixed_noise_0.5.tsv")
    write(tmp_path / "logs", own_lines(np.minimum(COUNTS + 3, CAP), CAP, sigma=SIGMA), "second_noise_0.5.tsv")
    for name in ("curve", "radius=0.5"):
        write(tmp_path / "logs", LINES[name], f"{name.partition('=')[0]}_noise_0.5.tsv")
    for bound in ("randomized", "two-class"):
        write(tmp_path / "logs", bound_lines(bound, COUNTS, CAP), f"{bound}_noise_0.5.tsv")
    return tmp_path / "logs"


def test_an_audit_says_what_it_leaves_out_and_why(folder, tmp_path):
    out = tmp_path / "audit.json"
    done = CliRunner().invoke(app, ["audit", str(folder), "--json", str(out), "--strict"])
    assert done.exit_code == 0, done.output
    assert "N=1,000, alpha=0.001, rule curve: 1 log" in done.output
    assert "N=1,000, alpha=0.001, two-class bound: 1 log" in done.output
    assert "N=1,000, alpha=0.001: 2 logs" in done.output
    assert "the prediction beyond N and comparisons are left out, since such counts are not binomial" in done.output
    report = json.loads(out.read_text())
    by_name = {log["path"].rpartition("/")[2].partition("_")[0]: log for log in report["logs"]}
    assert by_name["curve"]["rule"] == "curve"
    assert by_name["curve"]["mean_draws"] < CAP
    assert list(by_name["curve"]["budget"]) == [str(CAP)]
    assert list(by_name["fixed"]["budget"]) == ["100", "300", "1000"]
    assert by_name["fixed"]["rule"] is None
    assert by_name["two-class"]["bound"] == "two-class"
    assert by_name["curve"]["budget_predicted"] == {}
    (pair,) = report["comparisons"]
    assert {pair["a"].rpartition("/")[2], pair["b"].rpartition("/")[2]} == {
        "fixed_noise_0.5.tsv",
        "second_noise_0.5.tsv",
    }


def test_figures_of_such_a_folder(folder):
    pytest.importorskip("matplotlib")
    from rstheory.plots.audit import group_figures

    report = audit_logs(folder)
    drawn = {(group.rule, group.bound): len(group_figures(report, group)) for group in report.groups}
    assert drawn["curve", "clopper-pearson"] >= 2
    assert drawn[None, "two-class"] == 0
