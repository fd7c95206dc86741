"""volunteer."""
