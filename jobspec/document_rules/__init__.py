"""The rules of a document's shape that its model cannot say with types.

Validators raise `PydanticCustomError` whose type is a problem code; `check_*(tree, ...)` look at
the whole parsed document and add problems. Not here: the model itself (`jobspec.document`).
"""
