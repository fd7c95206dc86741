"""Prints a digest of each program and listing that the corpus' jobs give in this process."""

from __future__ import annotations

import hashlib
import sys

from tests.corpus.files import compile_, jobs

if __name__ == "__main__":
    for job in jobs():
        compiled, _ = compile_(job)
        digest = hashlib.sha256(compiled.wasm + compiled.listing.encode()).hexdigest()
        sys.stdout.write(f"{digest}\n")
