"""Open Web Compute: the hub."""
