"""Runs the migrations on the connection that it is given (`owc.store.migrate`). Imports no owc."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("target_metadata"),
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
