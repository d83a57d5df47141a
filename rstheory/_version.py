"""The version of the package, for everything that says what made a result."""

__version__ = "0.2.0"
