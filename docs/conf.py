"""How Sphinx builds these pages: offline, with every warning an error (`make docs`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
# What the cells of the tutorials start: the command beside this interpreter, this checkout, one thread.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ["PYTHONPATH"] = str(HERE.parent)
os.environ.setdefault("OMP_NUM_THREADS", "1")

import docstrings  # noqa: E402  # beside this file
import generated  # noqa: E402
import mathml  # noqa: E402

import rstheory  # noqa: E402

project = "rstheory"
author = "The rstheory developers"
copyright = "The rstheory developers. MIT license"
version = release = rstheory.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "README.md", "jupyter_execute"]
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["own.css"]
html_extra_path = [generated.FILES]
html_title = f"rstheory {version}"
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "choose": []}
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"  # a cell runs again when its page changes; `make docs` in CI starts without a cache
nb_execution_raise_on_error = True
nb_execution_timeout = 600  # seconds a cell, on a machine that is busy
nb_execution_in_temp = True
nb_merge_streams = True
suppress_warnings = ["myst.xref_missing.none"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autosummary_generate = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def setup(app: Any) -> None:
    """Pages made from the code are written before the others are read."""
    generated.write_all(HERE)
    mathml.setup(app)
    app.connect("autodoc-process-docstring", _plain)


def _plain(app: Any, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    lines[:] = docstrings.as_rst(lines)
