"""Generated expressions and jobs, compared with independent engines. `make fuzz` runs many."""
