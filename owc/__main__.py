"""`python -m owc` is the command `owc`."""

from owc.cli import main

if __name__ == "__main__":
    main()
