"""The package as a whole: what importing it costs, what it offers, and the names that people and checks rely on."""

import importlib
import inspect
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import rstheory

HEAVY = ("torch", "sympy", "matplotlib", "mpmath", "flint", "typer", "rich", "pandas", "statsmodels")


def modules_after(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `statement`."""
    code = f"import sys\n{statement}\nimport json; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout))


@pytest.mark.parametrize(
    "statement",
    [
        "import rstheory",
        "from rstheory import *",
        # The theory in use, and not only imported.
        "import rstheory; rstheory.expected_radius([0.9, 1.0], 1000); rstheory.trivial_acr(10**400)",
    ],
)
def test_the_theory_needs_numpy_and_scipy_only(statement):
    loaded = modules_after(statement)
    assert {"rstheory", "numpy", "scipy"} <= loaded
    assert not loaded & set(HEAVY)


def test_the_check_above_would_notice():
    assert "mpmath" in modules_after("import rstheory; rstheory.budget_for_acr(0.5)")


def test_the_oracle_shares_nothing_with_what_it_judges():
    """`rigorous` imports python-flint and the standard library only: no NumPy of its own."""
    code = (
        "import ast, pathlib\n"
        "import rstheory.rigorous as r, rstheory.rigorous.convexity as c\n"
        "for module in (r, c):\n"
        "    for node in ast.walk(ast.parse(pathlib.Path(module.__file__).read_text())):\n"
        "        names = [a.name for a in node.names] if isinstance(node, ast.Import) else (\n"
        "            [node.module] if isinstance(node, ast.ImportFrom) else [])\n"
        "        assert not any(n.split('.')[0] in ('numpy', 'scipy', 'mpmath') for n in names), names\n"
        "        assert not any(n.startswith('rstheory') and 'rigorous' not in n for n in names), names\n"
    )
    modules_after(code)


# -- the public names -------------------------------------------------------------------------------------------------


def test_all_is_sorted_and_free_of_repetition():
    assert len(set(rstheory.__all__)) == len(rstheory.__all__)
    assert sorted(rstheory.__all__) == list(rstheory.__all__)


@pytest.mark.parametrize("name", [name for name in rstheory.__all__ if name != "__version__"])
def test_public_names_resolve_and_are_documented(name):
    thing = getattr(rstheory, name)
    text = inspect.getdoc(thing)
    assert text
    assert not text.startswith(f"{name}(")  # what a dataclass says of itself where nobody wrote anything
    assert len(text.splitlines()[0]) > 20
    assert thing.__module__.startswith("rstheory.")
    if inspect.isfunction(thing):
        assert ">>>" in text  # a runnable example, which test_docstrings runs


@pytest.mark.parametrize(
    "package", ["rstheory", "rstheory.logs", "rstheory.audit", "rstheory.plots", "rstheory.smoothing"]
)
def test_faces_name_what_is_public_and_say_what_it_returns(package):
    """Every function of a face has a documented first line and a return type that is not Any."""
    face = importlib.import_module(package)
    assert face.__all__
    for name in face.__all__:
        thing = getattr(face, name)
        if inspect.isfunction(thing):
            assert inspect.getdoc(thing)
            assert thing.__annotations__["return"] not in ("Any", Any), f"{package}.{name}"


def test_help_leads_to_every_room():
    text = inspect.getdoc(rstheory)
    for word in ("read_log", "audit_logs", "compare_logs", "from_arrays", "smoothing.certify", "rstheory --help"):
        assert word in text


def test_public_functions_of_the_modules_are_public():
    """What a theory module defines without an underscore, and is not a helper of a neighbour, is in `__all__`."""
    helpers = {"log_integer", "radius_bounds_at"}
    for module in ("radius", "binomial", "budget", "trivial", "population"):
        namespace = vars(sys.modules[f"rstheory.{module}"])
        for name, thing in namespace.items():
            own = getattr(thing, "__module__", None) == f"rstheory.{module}"
            if own and callable(thing) and not name.startswith("_"):
                assert name in rstheory.__all__ or name in helpers, f"{module}.{name}"


NAMES_THAT_STAY = {
    "certified_radius": {"p": ..., "sigma": 1.0},
    "certified_radius_sf": {"t": ..., "sigma": 1.0},
    "sensitivity": {"p": ..., "sigma": 1.0},
    "clopper_pearson_lower": {"k": ..., "n": ..., "alpha": ...},
    "clopper_pearson_lower_sf": {"k": ..., "n": ..., "alpha": ...},
    "max_radius": {"n": ..., "alpha": 1e-3, "sigma": 1.0},
    "expected_radius": {"p": ..., "n": ..., "alpha": 1e-3, "sigma": 1.0},
    "expected_sensitivity": {"p": ..., "n": ..., "alpha": 1e-3, "sigma": 1.0},
    "min_certifiable_count": {"n": ..., "alpha": 1e-3},
    "trivial_acr": {"n": ..., "alpha": 1e-3, "sigma": 1.0, "share": 0.1},
    "budget_for_acr": {"target": ..., "alpha": 1e-3, "sigma": 1.0, "share": 0.1},
}


@pytest.mark.parametrize("name", NAMES_THAT_STAY)
def test_names_that_stay(name):
    """Positions, names and defaults; what comes after them is free."""
    expected = NAMES_THAT_STAY[name]
    parameters = list(inspect.signature(getattr(rstheory, name)).parameters.values())
    assert [p.name for p in parameters[: len(expected)]] == list(expected)
    for parameter, default in zip(parameters, expected.values(), strict=False):
        assert parameter.default == (inspect.Parameter.empty if default is ... else default)
        assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert all(p.default is not inspect.Parameter.empty for p in parameters[len(expected) :])


def test_names_that_stay_mean_what_they_meant():
    """One value each: abstention at p <= 1/2, and the numbers that the theory quotes."""
    assert rstheory.certified_radius(0.5) == rstheory.certified_radius(0.3) == 0
    assert rstheory.certified_radius(0.99, 0.5) == pytest.approx(1.16317, abs=1e-5)
    assert rstheory.certified_radius_sf(1e-20) == pytest.approx(9.26234, abs=1e-5)
    assert rstheory.sensitivity(0.5) == pytest.approx(2.50663, abs=1e-5)
    assert rstheory.clopper_pearson_lower(16, 16, 0.1) == pytest.approx(0.865964, abs=1e-6)
    assert rstheory.clopper_pearson_lower_sf(16, 16, 0.1) == pytest.approx(1 - 0.865964, abs=1e-6)
    assert rstheory.max_radius(100_000) == pytest.approx(3.811457, abs=1e-6)
    assert rstheory.expected_radius(0.99, 100_000) == pytest.approx(2.29015, abs=1e-5)
    assert rstheory.expected_sensitivity(1.0, 100_000) == pytest.approx(7232.99, abs=0.01)
    assert rstheory.min_certifiable_count(16, 0.1) == 12
    assert rstheory.trivial_acr(100_000) == pytest.approx(0.3811457, abs=1e-7)
    budget = rstheory.budget_for_acr(0.844, share=0.5)
    assert (budget.n, type(budget.n), type(budget.log10_n)) == (148, int, float)


@pytest.mark.parametrize(
    "value",
    [
        rstheory.certified_radius(0.9),
        rstheory.clopper_pearson_lower(9, 10, 0.1),
        rstheory.max_radius(100),
        rstheory.max_radius(10**400),
        rstheory.expected_radius(0.9, 100),
        rstheory.expected_sensitivity_sf(0.1, 100),
        rstheory.slope_at_one(100),
        rstheory.trivial_acr(100),
        rstheory.sigma_for_acr(0.5),
        *rstheory.tail_bounds(100),
        *rstheory.max_radius_bounds(100),
    ],
)
def test_scalars_in_scalars_out(value):
    assert isinstance(value, float)
    assert np.ndim(value) == 0


def test_version():
    assert rstheory.__version__.count(".") == 2
