"""WebAssembly: the back end. Modules of the intermediate representation in, bytes out, and back.

`encode` is the binary format, `link` finds the kernels, `codegen` and `emit` make the program,
`decode` and `disassemble` show one as text. The table of instructions is `jobspec.opcodes`.
"""
