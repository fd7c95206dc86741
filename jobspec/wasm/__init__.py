"""WebAssembly: the back end. Modules of the intermediate representation in, bytes out, and back.

`opcodes` is the table of instructions, `encode` the binary format, `link` finds the kernels,
`codegen` and `emit` make the program, `decode` and `disassemble` show one as text.
"""
