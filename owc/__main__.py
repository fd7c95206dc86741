"""`python -m owc` is the command `owc`."""

from __future__ import annotations

from owc.cli import main

if __name__ == "__main__":
    main()
