"""The job language: documents in, WebAssembly out."""
