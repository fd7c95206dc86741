"""The simulator's cast for real: native volunteers, each a process, before a served hub."""
