"""Attacks, one file a way in; each with the refusal that it must get (docs/threats.md)."""
