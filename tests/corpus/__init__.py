"""The determinism corpus: programs, inputs and the SHA-256 of what they give in every engine.

`files/corpus.json` names them; whoever has a WebAssembly engine can run them. A case is

    {"program": "007.wasm", "chunks": [{"file": "007.0.chunk", "ends": "<how>"}, ...], "job": {...}}

For each chunk: `input(bytes)` gives the address to copy it to, `step(rows)` is called until it
gives 0 or less, then `output()` gives the address of `output_bytes()` bytes. `ends` is their
SHA-256, with `trap N ` before it if the last step gave N < 0. How many rows a step takes, whether
an instance is used again, and whether the output is read in between changes nothing.

The programs are what the compiler makes of the jobs (`job` is the document; uploads are
`table.parquet`), and one with every instruction. `BLESS=1 pytest tests/corpus` writes them anew
after a change of the compiler; `python -m tests.corpus.write` makes the jobs themselves anew.
"""
