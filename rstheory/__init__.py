"""What average certified radius rewards: theory, sound certificates and audits for randomized smoothing."""

__version__ = "0.1.0"
