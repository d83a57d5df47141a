"""`python -m rstheory`: the command line."""

from rstheory.cli import app

if __name__ == "__main__":
    app(prog_name="rstheory")
