"""Two logs beside each other: samples, budgets and noise levels that differ are told."""

from dataclasses import replace

from log_files import row

from rstheory._words import plural
from rstheory.audit.paired import lint_between


def test_the_same_samples_and_budget_compare_freely(read):
    a, _ = read(row(0), row(1))
    b, _ = read(row(1, "0.9"), row(0, predict=4, correct=0))
    assert lint_between(a, b) == lint_between(a, a) == ()


def test_other_samples_budgets_and_noise_levels_are_told(read):
    a, _ = read(row(0), row(1), row(2), row(3, label=7, predict=7))
    b, _ = read(row(1), row(2), row(3), row(4), row(5))
    (warning,) = lint_between(a, b)
    assert (warning.code, warning.rows, warning.line) == ("different-samples", 1 + 2 + 1, None)
    assert "1 samples only in" not in warning.message
    assert "compare on the 2 common ones" in warning.message
    assert "1 of 3 labels differ at the same index: they are other images, or in another order" in warning.message
    for change, code in (
        ({"n": 10}, "different-budget"),
        ({"alpha": 0.1}, "different-budget"),
        ({"sigma": 1.0}, "different-sigma"),
    ):
        (warning,) = lint_between(a, replace(a, **change))
        assert warning.code == code
        assert warning.line is None
    assert [w.code for w in lint_between(a, replace(b, n=10, sigma=2.0))] == [
        "different-samples",
        "different-budget",
        "different-sigma",
    ]


def test_another_order_of_the_images_is_named(read):
    a, _ = read(*(row(i, label=i, predict=i) for i in range(6)))
    b, _ = read(*(row(i, label=5 - i, predict=5 - i) for i in range(6)))
    (warning,) = lint_between(a, b)
    assert "6 of 6 labels differ at the same index: the images are in another order" in warning.message
    assert "no sample in common" in warning.message


def test_samples_in_common_with_nothing(read):
    a, _ = read(row(0), row(1))
    b, _ = read(row(2), row(3))
    (warning,) = lint_between(a, b)
    assert warning.rows == 4
    assert "no sample in common" in warning.message


def test_plural():
    assert [plural(0, "row"), plural(1, "index", "indices"), plural(2, "index", "indices")] == [
        "0 rows",
        "1 index",
        "2 indices",
    ]
