"""Other systems running no-ops on the same machine, each a program that prints one JSON line."""
