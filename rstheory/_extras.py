"""Which extra of this package brings an optional package that is missing."""

from __future__ import annotations

# Names as they are imported. Everything else comes with the package itself.
EXTRAS = {
    "torch": "torch",
    "safetensors": "torch",
    "pyarrow": "torch",
    "PIL": "torch",
    "flint": "proofs",
    "sklearn": "digits",
    "altair": "html",
    "vl_convert": "html",
    "jinja2": "html",
    "timm": "timm",
}
# Where the name on the package index is another one.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "flint": "python-flint",
    "sklearn": "scikit-learn",
    "vl_convert": "vl-convert-python",
}


def distribution(module: str) -> str:
    """Name on the package index of the package that has this module.

    >>> distribution("flint"), distribution("torch")
    ('python-flint', 'torch')
    """
    return _DISTRIBUTIONS.get(module, module)


def install_line(module: str) -> str | None:
    """What to type where this module is missing; None for a module that no extra brings.

    >>> install_line("flint.types")
    "python-flint is not installed: pip install 'rstheory[proofs]'"
    >>> install_line("rstheory.nonsense")
    """
    top = module.partition(".")[0]
    return f"{distribution(top)} is not installed: pip install 'rstheory[{EXTRAS[top]}]'" if top in EXTRAS else None
