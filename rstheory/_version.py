"""The version of the package, for everything that says what made a result."""

__version__ = "0.1.0"
