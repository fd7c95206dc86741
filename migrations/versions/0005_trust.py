"""What jobs ask of results, whom sub-jobs wait for, contributions in place of counts, bars and bans.

What volunteers had settled is not known by job: their credit begins anew.
"""

import sqlalchemy as sa
from alembic import op

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
JUDGING = sa.text("state = 'judging'")
ASKED = sa.text("asked_at IS NOT NULL")
UNJUDGED = sa.text("verdict IS NULL AND NOT canonical")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COUNTS = {"replicas": "1", "quorum": "1", "fuel": "0", "fuel_rows": "0"} | {
    "audits_failed": "0"
}


def upgrade() -> None:
    op.create_table(
        "contribution",
        sa.Column("volunteer_id", sa.String(length=32), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("rows", INTEGER, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_contribution_job_id_job")),
        sa.PrimaryKeyConstraint("volunteer_id", "job_id", name=op.f("pk_contribution")),
    )
    with op.batch_alter_table("contribution", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contribution_job_id"), ["job_id"])
    op.create_table(
        "audit",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("first_row", INTEGER, nullable=False),
        sa.Column("rows", INTEGER, nullable=False),
        sa.Column("chunk_sha256", sa.String(length=64), nullable=True),
        sa.Column("result_sha256", sa.String(length=64), nullable=False),
        sa.Column("volunteer_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_audit_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "first_row", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        for name, default in _COUNTS.items():
            batch_op.add_column(sa.Column(name, INTEGER, nullable=False, server_default=default))
        batch_op.add_column(sa.Column("audited", INTEGER, nullable=True))
        batch_op.add_column(sa.Column("spot_check", sa.Double(), nullable=True))
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asks", sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column("asked_at", TIME, nullable=True))
        batch_op.create_index(
            "ix_sub_job_judging", ["job_id"], sqlite_where=JUDGING, postgresql_where=JUDGING
        )
        batch_op.create_index(
            "ix_sub_job_asked", ["asked_at"], sqlite_where=ASKED, postgresql_where=ASKED
        )
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_drawn", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.create_index(
            "ix_result_unjudged", ["volunteer_id"], sqlite_where=UNJUDGED, postgresql_where=UNJUDGED
        )
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.drop_column("rows_settled")
        batch_op.add_column(sa.Column("barred_until", TIME, nullable=True))
        batch_op.add_column(sa.Column("banned_at", TIME, nullable=True))
        batch_op.add_column(sa.Column("ban_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        for name in ("ban_reason", "banned_at", "barred_until"):
            batch_op.drop_column(name)
        batch_op.add_column(sa.Column("rows_settled", INTEGER, nullable=False, server_default="0"))
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.drop_index("ix_result_unjudged")
        batch_op.drop_column("is_drawn")
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.drop_index("ix_sub_job_asked")
        batch_op.drop_index("ix_sub_job_judging")
        batch_op.drop_column("asked_at")
        batch_op.drop_column("asks")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_column("spot_check")
        batch_op.drop_column("audited")
        for name in reversed(_COUNTS):
            batch_op.drop_column(name)
    op.drop_table("audit")
    op.drop_table("contribution")
