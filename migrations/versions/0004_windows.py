"""Sub-jobs live in a window of their job; chunks, segments, skipped rows; who is connected where.

Jobs that have not ended begin again: their sub-jobs were kept in another form. Jobs that have keep
their results, and lose the list of their sub-jobs.
"""

import sqlalchemy as sa
from alembic import op

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
WORD = sa.text("state = 'settled' AND verdict IS NULL")
PLACE = sa.text("state != 'replaced'")

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _begin_again() -> None:
    for table in ("result", "lease_sub_job", "sub_job", "lease"):
        op.execute(f"DELETE FROM {table}")
    op.execute(
        "UPDATE job SET state = 'compiled', attempts = 0, task_token = NULL, rows_settled = 0,"
        " sub_jobs_settled = 0, rows_total = NULL, sub_jobs_total = NULL, rows_per_sub_job = NULL"
        " WHERE state IN ('running', 'merging', 'paused')"
    )


def upgrade() -> None:
    _begin_again()
    op.drop_table("lease_sub_job")
    with op.batch_alter_table("result", schema=None) as batch_op:
        # a result names its lease, and outlives it
        batch_op.drop_constraint(op.f("fk_result_lease_id_lease"), type_="foreignkey")
    op.create_table(
        "web_process",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_process")),
    )
    op.create_table(
        "chunk",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("first_row", INTEGER, nullable=False),
        sa.Column("rows", INTEGER, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", INTEGER, nullable=False),
        sa.Column("is_part", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_chunk_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "first_row", "rows", name=op.f("pk_chunk")),
    )
    with op.batch_alter_table("chunk", schema=None) as batch_op:
        batch_op.create_index("ix_chunk_job_id_first_row", ["job_id", "is_part", "first_row"])
        batch_op.create_index(batch_op.f("ix_chunk_sha256"), ["sha256"])
    op.create_table(
        "doubt",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("volunteer_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_doubt_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "volunteer_id", name=op.f("pk_doubt")),
    )
    op.create_table(
        "segment",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("first_row", INTEGER, nullable=False),
        sa.Column("end_row", INTEGER, nullable=False),
        sa.Column("rows", INTEGER, nullable=False),
        sa.Column("sub_jobs", INTEGER, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", INTEGER, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_segment_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "first_row", name=op.f("pk_segment")),
    )
    with op.batch_alter_table("segment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_segment_sha256"), ["sha256"])
    op.create_table(
        "skipped_row",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("row", INTEGER, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_skipped_row_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "row", name=op.f("pk_skipped_row")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deadline_at", TIME, nullable=True))
        batch_op.add_column(
            sa.Column("on_error", sa.String(length=8), nullable=False, server_default="fail")
        )
        batch_op.add_column(sa.Column("strategy", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("segment_rows", INTEGER, nullable=True))
        for name in ("next_row", "rows_ready", "sub_jobs_more", "rows_skipped"):
            batch_op.add_column(sa.Column(name, INTEGER, nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("level_seconds", sa.Double(), nullable=False, server_default="0")
        )
    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.add_column(sa.Column("entries", sa.JSON(), nullable=False))
        batch_op.add_column(sa.Column("open_count", INTEGER, nullable=False))
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sub_job_chunk_sha256"))
        batch_op.drop_index("ix_sub_job_job_id_state_seq")
        batch_op.drop_index(batch_op.f("ix_sub_job_lease_id"))
        batch_op.drop_index("ix_sub_job_state_queued")
        batch_op.drop_index(batch_op.f("ix_sub_job_volunteer_id"))
        batch_op.drop_index("uq_sub_job_job_id_seq")
        batch_op.add_column(sa.Column("leased_at", TIME, nullable=True))
        batch_op.add_column(sa.Column("copy_lease_id", sa.String(length=32), nullable=True))
        batch_op.drop_column("seq")
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sub_job_job_id_state_first_row", ["job_id", "state", "first_row"]
        )
        batch_op.create_index(
            "ix_sub_job_word", ["volunteer_id"], sqlite_where=WORD, postgresql_where=WORD
        )
        batch_op.create_index(
            "uq_sub_job_job_id_first_row",
            ["job_id", "first_row"],
            unique=True,
            sqlite_where=PLACE,
            postgresql_where=PLACE,
        )
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paces", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("process_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("socket", sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f("ix_volunteer_process_id"), ["process_id"])


def downgrade() -> None:
    op.create_table(
        "lease_sub_job",
        sa.Column("lease_id", sa.String(length=32), nullable=False),
        sa.Column("sub_job_id", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lease_id"], ["lease.id"], name=op.f("fk_lease_sub_job_lease_id_lease")
        ),
        sa.ForeignKeyConstraint(
            ["sub_job_id"], ["sub_job.id"], name=op.f("fk_lease_sub_job_sub_job_id_sub_job")
        ),
        sa.PrimaryKeyConstraint("lease_id", "sub_job_id", name=op.f("pk_lease_sub_job")),
    )
    with op.batch_alter_table("lease_sub_job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lease_sub_job_sub_job_id"), ["sub_job_id"])
    _begin_again()
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.create_foreign_key(
            op.f("fk_result_lease_id_lease"), "lease", ["lease_id"], ["id"]
        )
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_volunteer_process_id"))
        for name in ("socket", "process_id", "paces"):
            batch_op.drop_column(name)
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.drop_index("uq_sub_job_job_id_first_row")
        batch_op.drop_index("ix_sub_job_word")
        batch_op.drop_index("ix_sub_job_job_id_state_first_row")
        batch_op.drop_column("copy_lease_id")
        batch_op.drop_column("leased_at")
        batch_op.add_column(sa.Column("seq", INTEGER, nullable=False))
        batch_op.create_index("uq_sub_job_job_id_seq", ["job_id", "seq"], unique=True)
        batch_op.create_index(batch_op.f("ix_sub_job_volunteer_id"), ["volunteer_id"])
        batch_op.create_index("ix_sub_job_state_queued", ["state", "queued_at"])
        batch_op.create_index(batch_op.f("ix_sub_job_lease_id"), ["lease_id"])
        batch_op.create_index("ix_sub_job_job_id_state_seq", ["job_id", "state", "seq"])
        batch_op.create_index(batch_op.f("ix_sub_job_chunk_sha256"), ["chunk_sha256"])
    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.drop_column("open_count")
        batch_op.drop_column("entries")
    with op.batch_alter_table("job", schema=None) as batch_op:
        for name in (
            "level_seconds",
            "rows_skipped",
            "sub_jobs_more",
            "rows_ready",
            "next_row",
            "segment_rows",
            "strategy",
            "on_error",
            "deadline_at",
        ):
            batch_op.drop_column(name)
    for table in ("skipped_row", "segment", "doubt", "chunk", "web_process"):
        op.drop_table(table)
