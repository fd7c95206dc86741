"""Use cases, as functions whose first argument is the hub: one transaction each, then Redis."""
