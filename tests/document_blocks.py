"""Code blocks of a Markdown page, run from top to bottom as a reader would type them.

A page is one session: one folder, one Python namespace. Blocks by their language:

* `pycon`: an interpreter session, whose output is compared.
* `python`: run.
* `console`: lines after `$ ` are commands, what follows is their output, compared where there is any; `...` stands for
  anything, as in a doctest.
* `{code-cell}`: a cell of a page that Sphinx executes when it builds the page; nothing to do here.

Any other language shows something that is not run: a file, a formula. A block right below `<!-- not run: why -->` is
left out, for one of the reasons in `REASONS`.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from typer.testing import CliRunner

from rstheory.cli import app

ROOT = Path(__file__).resolve().parent.parent
RUN = ("pycon", "python", "console")
SHOWN = ("", "text", "json", "toml", "bibtex", "yaml", "coq", "tsv")
DIRECTIVES = re.compile(r"\{[\w:-]+\}.*")  # of Sphinx; their content is text
REASONS = {
    "installs": "it installs software; the package check does it in an empty environment",
    "CI runs it": "a make target that CI runs by itself",
    "needs the published logs": "it needs data that does not ship",
    "a part": "a fragment of a file that the next lines explain",
}
_WHY = re.compile(r"<!-- not run: (.*?) -->")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """language: of the fence, `code-cell` for cells. line: where it starts. reason: why it is not run, or None."""

    language: str
    text: str
    line: int
    reason: str | None


def blocks_of(text: str) -> list[Block]:
    """All fenced and indented code blocks of a page, in order."""
    found, reason = [], None
    for token in MarkdownIt("commonmark").parse(
        text.removeprefix("---\n").partition("\n---\n")[2] if text.startswith("---\n") else text
    ):
        if token.type == "html_block" and (why := _WHY.search(token.content)):
            reason = why.group(1)
        elif token.type in ("fence", "code_block"):
            found.append(Block(token.info.strip(), token.content, token.map[0] + 1, reason))
            reason = None
        elif token.nesting >= 0 and token.type not in ("inline", "paragraph_open"):
            reason = None
    return found


class Session:
    """Runs the blocks of one page in `folder`, which becomes the working directory."""

    def __init__(self, page: str, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.ran = 0

    def run(self, block: Block) -> None:
        """AssertionError, with the page and line, where a block fails or prints something else."""
        where = f"{self.page}:{block.line}"
        with contextlib.chdir(self.folder):
            if block.language == "pycon":
                test = doctest.DocTestParser().get_doctest(block.text, self.names, where, self.page, block.line)
                said = io.StringIO()
                failed = doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=said.write, clear_globs=False).failed
                self.names.update(test.globs)
                assert not failed, f"{where}\n{said.getvalue()}"
            elif block.language == "python":
                exec(compile(block.text, where, "exec"), self.names)
            else:
                for command, expected in commands_of(block.text):
                    status, printed = run_command(command)
                    assert status == 0, f"{where}: {command}\nends with status {status}\n{printed}"
                    if expected:
                        same = doctest.OutputChecker().check_output(expected, printed, _FLAGS)
                        assert same, f"{where}: {command}\nprints\n{printed}\nand not\n{expected}"
        self.ran += 1


def commands_of(text: str) -> list[tuple[str, str]]:
    r"""Commands of a console block, each with the output that is shown below it.

    >>> commands_of("$ echo a \\\n    b\na b\n$ true\n")
    [('echo a \\\n    b', 'a b\n'), ('true', '')]
    """
    found: list[tuple[str, str]] = []
    continued = False
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif continued:
            found[-1] = (f"{found[-1][0]}\n{line}", "")
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
        continued = (line.startswith("$ ") or continued) and line.endswith("\\")
    return found


def run_command(command: str) -> tuple[int, str]:
    """Exit status and standard output. Our own command runs in this process: it starts a hundred times faster."""
    words = shlex.split(command, comments=True)
    if words[0] == "rstheory" and not set("|>&;") & set(command):
        result = CliRunner().invoke(app, words[1:], prog_name="rstheory")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout if result.exit_code == 0 else result.output
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], capture_output=True, text=True, check=False,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr
