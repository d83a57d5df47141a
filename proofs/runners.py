"""How each kind of check is run. Every function takes what the ledger says and returns one `Result` for each check."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from proofs.ledger import Check
from proofs.statements import statements_of

ROOT = Path(__file__).resolve().parent.parent
COQ = ROOT / "proofs" / "coq"
COQ_PACKAGES = "coq libcoq-coquelicot libcoq-interval"

Status = Literal["pass", "fail", "skipped"]


@dataclass(frozen=True)
class Result:
    """`detail`: what was found, or why it failed or was skipped."""

    status: Status
    detail: str
    seconds: float = 0.0


# -- Python: symbolic derivations and ball arithmetic -----------------------------------------------------------------


def missing_package(*names: str) -> str | None:
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}; pip install -e '.[test]'" if absent else None


def run_symbolic(check: Check) -> Result:
    """Simplify every difference of an item; all must be exactly 0."""
    from proofs.symbolic.all import derivations

    start = time.perf_counter()
    (item,) = check.arguments
    differences = {derivation.name: derivation() for derivation in derivations(item)}
    wrong = [f"{name}: difference {difference}" for name, difference in differences.items() if difference != 0]
    passed = bool(differences) and not wrong
    detail = "; ".join(wrong) or f"{len(differences)} differences are 0"
    return Result("pass" if passed else "fail", detail, time.perf_counter() - start)


def run_balls(check: Check) -> Result:
    """Call one function of `proofs/intervals/`: its answer has `proved`, and says in words what it found."""
    if reason := missing_package("flint"):
        return Result("skipped", reason)
    start = time.perf_counter()
    module = importlib.import_module(check.file.removesuffix(".py").replace("/", "."))
    (name,) = check.names
    try:
        outcome = getattr(module, name)(*check.arguments)
    except ArithmeticError as error:
        return Result("fail", str(error), time.perf_counter() - start)
    return Result("pass" if outcome.proved else "fail", str(outcome), time.perf_counter() - start)


def run_written(check: Check) -> Result:
    """A written proof is read by people; what a machine can say is that it is there."""
    path = ROOT / check.file
    return Result("pass", "to be read") if path.is_file() else Result("fail", f"{check.file} does not exist")


# -- Coq --------------------------------------------------------------------------------------------------------------

STANDARD_AXIOMS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",
    }
)
"""What Coq's standard library assumes of its real numbers: they are classical, and functions are extensional."""

FORBIDDEN = re.compile(r"\b(Admitted|admit|Axioms?|Parameters?|Conjecture|Abort|give_up)\b")


def without_comments(text: str) -> str:
    """A Coq file less its comments, which nest."""
    kept, depth, at = [], 0, 0
    for token in re.finditer(r"\(\*|\*\)", text):
        if depth == 0:
            kept.append(text[at : token.start()])
        depth += 1 if token.group() == "(*" else -1
        at = token.end()
    return "".join([*kept, text[at:]])


def shortcuts(path: Path) -> list[str]:
    """The words in a Coq file that would let it claim what it does not prove."""
    return FORBIDDEN.findall(without_comments(path.read_text(encoding="utf-8")))


def coq_missing() -> str | None:
    if shutil.which("coqc") is None or shutil.which("make") is None:
        return f"coqc or make is missing: apt-get install make {COQ_PACKAGES}"
    return None


@dataclass(frozen=True)
class CoqBuild:
    """`axioms`: what each theorem that Assumptions.v names rests on. `error`: why the build failed, or None.

    `wrong`: for each file of Wrong/, what coqc said when it refused it, or None if it did not refuse.
    """

    axioms: dict[str, tuple[str, ...]]
    error: str | None
    seconds: float
    wrong: dict[str, str | None] = field(default_factory=dict)


def printed_assumptions(source: str, output: str) -> dict[str, tuple[str, ...]]:
    """Match the `Print Assumptions` commands of a file with what they printed, in their order.

    A command may ask about one theorem, or about a tuple of theorems that the file defines: then the axioms printed are
    those of all of them together.
    """
    text = without_comments(source)
    asked = re.findall(r"Print Assumptions\s+([\w']+)\s*\.", text)
    groups = {
        name: tuple(re.findall(r"@([\w']+)", body))
        for name, body in re.findall(r"Definition\s+([\w']+)\s*:=\s*\(([^.]*)\)\s*\.", text)
    }
    blocks = re.split(r"^(?=Closed under the global context|Axioms:)", output, flags=re.MULTILINE)[1:]
    if len(asked) != len(blocks):
        raise ValueError(f"Assumptions.v asks {len(asked)} questions, coqc printed {len(blocks)} answers")
    axioms: dict[str, tuple[str, ...]] = {}
    for name, block in zip(asked, blocks, strict=True):
        found = tuple(re.findall(r"^([A-Za-z_][\w.']*)\s*:", block.removeprefix("Axioms:"), re.MULTILINE))
        axioms.update(dict.fromkeys(groups.get(name, (name,)), found))
    return axioms


def build_coq(folder: Path = COQ, *, fresh: bool = True, try_wrong: bool = False) -> CoqBuild:
    """Compile everything in a copy, and read what each theorem rests on.

    `fresh`: from the sources alone; else files that `make` left compiled in `folder` and that are up to date are kept.
    `try_wrong`: also offer the files of Wrong/ to coqc.
    """
    start = time.perf_counter()
    ignored = _not_sources if fresh else None
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "coq"
        shutil.copytree(folder, copy, ignore=ignored)
        (copy / "Assumptions.vo").unlink(missing_ok=True)  # so that it is compiled now, and prints
        done = subprocess.run(["make"], cwd=copy, capture_output=True, text=True, check=False)
        if done.returncode:
            return CoqBuild({}, done.stderr[-2000:].strip(), time.perf_counter() - start)
        files = sorted(copy.glob("Wrong/*.v")) if try_wrong else []
        wrong = {file.name: _refusal(file.relative_to(copy), copy) for file in files}
        source = (copy / "Assumptions.v").read_text(encoding="utf-8")
    try:
        printed = done.stdout.partition("COQC Assumptions.v")[2]
        return CoqBuild(printed_assumptions(source, printed), None, time.perf_counter() - start, wrong)
    except ValueError as error:
        return CoqBuild({}, str(error), time.perf_counter() - start, wrong)


def _coqc(file: str) -> list[str]:
    return ["coqc", "-Q", ".", "RSTheory", "-w", "-ambiguous-paths", file]


def _refusal(file: Path, folder: Path) -> str | None:
    done = subprocess.run(_coqc(str(file)), cwd=folder, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else None


def _not_sources(_: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".v") or name in ("Makefile", "_CoqProject", "Wrong"))]


def run_coq(checks: Sequence[Check]) -> list[Result]:
    """Build once; each check passes if its theorems are there, in words too, and rest on standard axioms only."""
    if reason := coq_missing():
        return [Result("skipped", reason) for _ in checks]
    build = build_coq()
    results = [judge_coq(check, build) for check in checks]
    return [replace(results[0], seconds=build.seconds), *results[1:]]  # one build serves all


def judge_coq(check: Check, build: CoqBuild) -> Result:
    if build.error is not None:
        return Result("fail", build.error)
    path = ROOT / check.file
    if not path.is_file():
        return Result("fail", f"{check.file} does not exist")
    if words := shortcuts(path):
        return Result("fail", f"{check.file} contains {', '.join(words)}")
    known = statements_of(path)
    for name in check.names:
        if name not in known:
            return Result("fail", f"{check.file} has no theorem {name}")
        if not known[name].words:
            return Result("fail", f"{check.file} does not say in words, right above it, what {name} states")
        if name not in build.axioms:
            return Result("fail", f"Assumptions.v does not print the assumptions of {name}")
        if strange := set(build.axioms[name]) - STANDARD_AXIOMS:
            return Result("fail", f"{name} assumes {', '.join(sorted(strange))}")
    quoted = "\n".join(f"{name}: {known[name].words}" for name in check.names)
    return Result("pass", f"standard axioms only\n{quoted}")


# -- Tests ------------------------------------------------------------------------------------------------------------


def node_ids(checks: Sequence[Check]) -> list[str]:
    return list(dict.fromkeys(f"{check.file}::{name}" for check in checks for name in check.names))


def run_tests(checks: Sequence[Check]) -> list[Result]:
    """Run every test function named, in one call of pytest; each check passes if all of its functions did."""
    if reason := missing_package("pytest", "hypothesis"):
        return [Result("skipped", reason) for _ in checks]
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
            *node_ids(checks),
        ]
        environment = os.environ | {"HYPOTHESIS_PROFILE": os.environ.get("HYPOTHESIS_PROFILE", "ci")}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
        cases = list(ElementTree.parse(report).iter("testcase")) if report.is_file() else []
    if done.returncode not in (0, 1):
        return [Result("fail", (done.stdout + done.stderr)[-2000:]) for _ in checks]
    return [_judge_tests(check, cases) for check in checks]


def _judge_tests(check: Check, cases: Sequence[ElementTree.Element]) -> Result:
    module = check.file.removesuffix(".py").replace("/", ".")
    seconds, ran, details = 0.0, 0, []
    for name in check.names:
        mine = [
            case for case in cases if case.get("classname") == module and case.get("name", "").split("[")[0] == name
        ]
        if not mine:
            return Result("fail", f"{check.file}::{name} was not found")
        for case in mine:
            seconds += float(case.get("time", 0))
            ran += 1
            if case.find("failure") is not None or case.find("error") is not None:
                return Result("fail", f"{case.get('name')} failed", seconds)
            skipped = case.find("skipped")
            if skipped is not None:
                details.append(skipped.get("message", "skipped"))
    if details:
        return Result("skipped", details[0], seconds)
    return Result("pass", f"{ran} tests", seconds)
