"""How a rule refuses a value, and how a problem shows what it was given."""

from __future__ import annotations

from pydantic_core import PydanticCustomError


def shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def refusal(code: str, message: str, hint: str) -> PydanticCustomError:
    # The message goes in by the context: as a template its braces would be taken for fields.
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})
