"""The tables of first light."""

import sqlalchemy as sa
from alembic import op

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("submitter", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("program_sha256", sa.String(length=64), nullable=False),
        sa.Column("program_bytes", INTEGER, nullable=False),
        sa.Column("requirement", sa.JSON(), nullable=False),
        sa.Column("requirement_key", sa.String(length=120), nullable=False),
        sa.Column("priority", INTEGER, nullable=False),
        sa.Column("formats", sa.JSON(), nullable=False),
        sa.Column("source_kind", sa.String(length=16), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=True),
        sa.Column("task_token", sa.String(length=32), nullable=True),
        sa.Column("attempts", INTEGER, nullable=False),
        sa.Column("rows_per_sub_job", INTEGER, nullable=True),
        sa.Column("row_seconds", sa.Double(), nullable=True),
        sa.Column("rows_total", INTEGER, nullable=True),
        sa.Column("sub_jobs_total", INTEGER, nullable=True),
        sa.Column("rows_settled", INTEGER, nullable=False),
        sa.Column("sub_jobs_settled", INTEGER, nullable=False),
        sa.Column("input_preview", sa.JSON(), nullable=True),
        sa.Column("result_preview", sa.JSON(), nullable=True),
        sa.Column("result_columns", sa.JSON(), nullable=True),
        sa.Column("result_sha256", sa.String(length=64), nullable=True),
        sa.Column("result_rows", INTEGER, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_program_sha256"), ["program_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_source_sha256"), ["source_sha256"], unique=False)
        batch_op.create_index("ix_job_state_created", ["state", "created_at"], unique=False)

    op.create_table(
        "token",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
    )
    op.create_table(
        "upload",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", INTEGER, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_upload")),
    )
    op.create_table(
        "volunteer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("capabilities", sa.JSON(), nullable=False),
        sa.Column("speed", sa.Double(), nullable=False),
        sa.Column("agreed", INTEGER, nullable=False),
        sa.Column("disagreed", INTEGER, nullable=False),
        sa.Column("rows_settled", INTEGER, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer")),
    )
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_volunteer_last_seen_at"), ["last_seen_at"], unique=False
        )

    op.create_table(
        "lease",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("volunteer_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("seconds", INTEGER, nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_lease_job_id_job")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_lease_volunteer_id_volunteer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lease")),
    )
    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.create_index("ix_lease_job_state", ["job_id", "state"], unique=False)
        batch_op.create_index("ix_lease_state_expires", ["state", "expires_at"], unique=False)
        batch_op.create_index("ix_lease_volunteer_state", ["volunteer_id", "state"], unique=False)

    op.create_table(
        "sub_job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("seq", INTEGER, nullable=False),
        sa.Column("first_row", INTEGER, nullable=False),
        sa.Column("rows", INTEGER, nullable=False),
        sa.Column("chunk_sha256", sa.String(length=64), nullable=True),
        sa.Column("chunk_bytes", INTEGER, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_id", sa.String(length=32), nullable=True),
        sa.Column("leases", INTEGER, nullable=False),
        sa.Column("failures", INTEGER, nullable=False),
        sa.Column("hub_runs", INTEGER, nullable=False),
        sa.Column("result_sha256", sa.String(length=64), nullable=True),
        sa.Column("volunteer_id", sa.String(length=32), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_sub_job_job_id_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sub_job")),
    )
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sub_job_chunk_sha256"), ["chunk_sha256"], unique=False)
        batch_op.create_index(
            "ix_sub_job_job_id_state_seq", ["job_id", "state", "seq"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_sub_job_lease_id"), ["lease_id"], unique=False)
        batch_op.create_index("ix_sub_job_state_queued", ["state", "queued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sub_job_volunteer_id"), ["volunteer_id"], unique=False)
        batch_op.create_index("uq_sub_job_job_id_seq", ["job_id", "seq"], unique=True)

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
        batch_op.create_index(
            batch_op.f("ix_lease_sub_job_sub_job_id"), ["sub_job_id"], unique=False
        )

    op.create_table(
        "result",
        sa.Column("id", INTEGER, autoincrement=True, nullable=False),
        sa.Column("sub_job_id", sa.String(length=32), nullable=False),
        sa.Column("volunteer_id", sa.String(length=32), nullable=True),
        sa.Column("lease_id", sa.String(length=32), nullable=True),
        sa.Column("output", sa.LargeBinary(), nullable=True),
        sa.Column("output_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows_done", INTEGER, nullable=False),
        sa.Column("trap_site", INTEGER, nullable=True),
        sa.Column("elapsed_seconds", sa.Double(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("canonical", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lease_id"], ["lease.id"], name=op.f("fk_result_lease_id_lease")),
        sa.ForeignKeyConstraint(
            ["sub_job_id"], ["sub_job.id"], name=op.f("fk_result_sub_job_id_sub_job")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_result_volunteer_id_volunteer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result")),
    )
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.create_index(
            "uq_result_canonical",
            ["sub_job_id"],
            unique=True,
            sqlite_where=sa.text("canonical"),
            postgresql_where=sa.text("canonical"),
        )
        batch_op.create_index(
            "uq_result_sub_job_id_volunteer_id", ["sub_job_id", "volunteer_id"], unique=True
        )


def downgrade() -> None:
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.drop_index("uq_result_sub_job_id_volunteer_id")
        batch_op.drop_index(
            "uq_result_canonical",
            sqlite_where=sa.text("canonical"),
            postgresql_where=sa.text("canonical"),
        )

    op.drop_table("result")
    with op.batch_alter_table("lease_sub_job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lease_sub_job_sub_job_id"))

    op.drop_table("lease_sub_job")
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.drop_index("uq_sub_job_job_id_seq")
        batch_op.drop_index(batch_op.f("ix_sub_job_volunteer_id"))
        batch_op.drop_index("ix_sub_job_state_queued")
        batch_op.drop_index(batch_op.f("ix_sub_job_lease_id"))
        batch_op.drop_index("ix_sub_job_job_id_state_seq")
        batch_op.drop_index(batch_op.f("ix_sub_job_chunk_sha256"))

    op.drop_table("sub_job")
    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.drop_index("ix_lease_volunteer_state")
        batch_op.drop_index("ix_lease_state_expires")
        batch_op.drop_index("ix_lease_job_state")

    op.drop_table("lease")
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_volunteer_last_seen_at"))

    op.drop_table("volunteer")
    op.drop_table("upload")
    op.drop_table("token")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_state_created")
        batch_op.drop_index(batch_op.f("ix_job_source_sha256"))
        batch_op.drop_index(batch_op.f("ix_job_program_sha256"))
        batch_op.drop_index(batch_op.f("ix_job_created_at"))

    op.drop_table("job")
