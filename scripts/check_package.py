"""Build wheel and sdist, install the wheel where nothing else is, and use it from outside the checkout.

    python scripts/check_package.py [--out dist]

Fails if a file that is needed is missing from the wheel, if the wheel is larger than it should be, or if a command
that needs no extra does not run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent
LARGEST = 15_000_000  # bytes of a wheel
# Whatever is tested here needs no extra. Theory and logs: their examples are the doctest.
DOCTEST = """
import doctest, importlib, rstheory
for name in ("rstheory", "rstheory.radius", "rstheory.budget", "rstheory.trivial", "rstheory.logs.schema"):
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert outcome.attempted and not outcome.failed, name
print(f"doctest of {rstheory.__file__}: fine")
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed. It sees nothing of this checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "RSTHEORY"))}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=clean, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def meant_to_ship() -> set[str]:
    """Files of the package that the wheel must hold: all but those that pyproject.toml leaves out by name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    left_out = settings["tool"]["hatch"]["build"]["targets"]["wheel"].get("exclude", [])
    excluded = {path for pattern in left_out for path in ROOT.glob(pattern)}
    files = {path for path in (ROOT / "rstheory").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {str(path.relative_to(ROOT)) for path in files - excluded}


def main(out: Annotated[Path, typer.Option(help="Where wheel and sdist go.")] = ROOT / "dist") -> None:
    for old in out.glob("rstheory-*"):
        old.unlink()
    run(sys.executable, "-m", "build", "--quiet", "--outdir", out, ROOT, cwd=ROOT)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    size = wheel.stat().st_size
    print(f"{wheel.name} {size / 1e6:.1f} MB, {sdist.name} {sdist.stat().st_size / 1e6:.1f} MB")
    if size > LARGEST:
        sys.exit(f"the wheel is larger than {LARGEST / 1e6:.0f} MB")
    inside = set(zipfile.ZipFile(wheel).namelist())
    if missing := sorted(meant_to_ship() - inside):
        sys.exit(f"missing from the wheel: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        venv.create(here / "venv", with_pip=True)
        python, command = here / "venv/bin/python", here / "venv/bin/rstheory"
        pip = (python, "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "--quiet", "-c", ROOT / "constraints.txt", wheel, cwd=here)
        print(run(command, "--version", cwd=here).strip())
        audit = run(command, "audit", "--zoo", "--json", "audit.json", "--figures", "audit", cwd=here)
        print("\n".join(audit.splitlines()[:3]))
        run(command, "figures", "--out", "figures", cwd=here)
        print(f"{len([*here.glob('figures/**/*.png')])} figures of the experiments")
        print(run(python, "-c", DOCTEST, cwd=here).strip())


if __name__ == "__main__":
    typer.run(main)
