"""Commands that end early say so in one line: a package is missing, or somebody pressed Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import rstheory
from rstheory._extras import EXTRAS, distribution
from rstheory.cli import app
from rstheory.cli.command import Command

ROOT = Path(__file__).resolve().parent.parent
ZOO = Path(rstheory.__file__).parent / "zoo"
MODEL = ZOO / "digits/gaussian/model_0.50.safetensors"

# Hides a package as if it had never been installed, in the process that runs the command.
WITHOUT = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
from rstheory.cli import app
app({arguments!r}, prog_name="rstheory")
"""


@pytest.mark.parametrize(
    ("package", "line", "arguments"),
    [
        ("torch", "torch is not installed: pip install 'rstheory[torch]'",
         ["certify", "--checkpoint", MODEL, "--data", "digits", "--sigma", "0.5", "--out", "new.tsv"]),
        ("sklearn", "needs scikit-learn: pip install 'rstheory[digits]'",
         ["certify", "--checkpoint", MODEL, "--data", "digits", "--sigma", "0.5", "--out", "new.tsv"]),
    ],
)  # fmt: skip
def test_a_missing_package_is_one_line_with_the_command_that_brings_it(package, line, arguments, tmp_path):
    program = WITHOUT.format(package=package, arguments=[str(argument) for argument in arguments])
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment()
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert line in ended.stderr
    assert list(tmp_path.iterdir()) == []


def ending_with(error):
    """An app whose one command ends with this error."""
    small = typer.Typer()

    @small.command(cls=Command)
    def only(out: Path = Path("log.tsv"), resume: bool = False) -> None:
        raise error

    return small


@pytest.mark.parametrize("module", sorted(EXTRAS))
def test_every_optional_package_is_named_as_the_index_has_it(module):
    result = CliRunner().invoke(ending_with(ModuleNotFoundError(name=f"{module}.part")), [])
    assert result.exit_code == 2
    expected = f"rstheory: {distribution(module)} is not installed: pip install 'rstheory[{EXTRAS[module]}]'\n"
    assert result.stderr == expected
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert any(needed.startswith(f"{distribution(module)}>=") for needed in extras[EXTRAS[module]])


def test_a_package_that_no_extra_brings_is_a_fault_of_ours_and_not_hidden():
    result = CliRunner().invoke(ending_with(ModuleNotFoundError(name="rstheory.nonsense")), [])
    assert isinstance(result.exception, ModuleNotFoundError)


def test_every_command_ends_in_this_way():
    assert all(command.cls is Command for command in app.registered_commands)


def environment():
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def interrupted(folder, arguments, ready):
    """Starts a command, presses Ctrl-C once `ready()`, gives how it ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rstheory", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    until = time.monotonic() + 120
    while not ready() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def lines_of(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_interrupted_certification_says_what_is_kept_and_goes_on(tmp_path):
    log = tmp_path / "noise.tsv"
    arguments = ["certify", "--checkpoint", MODEL, "--data", "digits", "--sigma", "0.5", "--out", "noise.tsv"]
    arguments += ["--n", "100000", "--batch", "2000"]
    code, said = interrupted(tmp_path, arguments, lambda: lines_of(log) >= 2)
    assert code == 130
    assert said.strip().startswith("rstheory: interrupted. What was finished is kept in noise.tsv. To go on: rstheory")
    assert said.strip().endswith("--resume")
    assert "Traceback" not in said
    assert 2 <= lines_of(log) < 451


def test_interrupted_training_says_where_its_state_is(tmp_path):
    arguments = ["train", "--data", "digits", "--sigma", "0.5", "--arch", "mlp", "--epochs", "5000"]
    arguments += ["--no-augment", "--out", "model.safetensors"]
    code, said = interrupted(tmp_path, arguments, lambda: (tmp_path / "model.safetensors.state").exists())
    assert code == 130
    assert "kept in model.safetensors.state" in said
    assert "Traceback" not in said


def test_an_interrupted_command_that_keeps_nothing_says_so(tmp_path):
    result = CliRunner().invoke(ending_with(KeyboardInterrupt()), ["--out", str(tmp_path / "log.tsv")])
    assert result.exit_code == 130
    assert "Nothing was finished yet: start again with the same command." in result.stderr


@pytest.mark.parametrize(("rank", "speaks"), [("0", True), ("1", False)])
def test_one_process_of_a_group_speaks_for_all(rank, speaks, tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", rank)
    (tmp_path / "log.tsv.part-1").write_text("")
    result = CliRunner().invoke(ending_with(KeyboardInterrupt()), ["--out", str(tmp_path / "log.tsv")])
    assert result.exit_code == 130
    assert ("log.tsv.part-1. To go on: the same command with --resume" in result.stderr) == speaks


def test_completion_is_installed(tmp_path):
    """For bash, where a shell is told by its name: in a home of its own, and it completes commands."""
    home = environment() | {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    code = [sys.executable, "-c", "from rstheory.cli import app; app(prog_name='rstheory')"]
    installed = subprocess.run([*code, "--install-completion", "bash"], capture_output=True, text=True, env=home)
    assert installed.returncode == 0, installed.stderr
    assert "rstheory" in (tmp_path / ".bash_completions/rstheory.sh").read_text()
    asked = home | {"_RSTHEORY_COMPLETE": "complete_bash", "COMP_WORDS": "rstheory au", "COMP_CWORD": "1"}
    completed = subprocess.run(code, capture_output=True, text=True, env=asked)
    assert completed.stdout.split() == ["audit"]
