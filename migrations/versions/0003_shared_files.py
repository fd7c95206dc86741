"""The uploads that jobs share with all of their sub-jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_file",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_shared_file_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_shared_file")),
    )
    with op.batch_alter_table("shared_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shared_file_sha256"), ["sha256"])


def downgrade() -> None:
    with op.batch_alter_table("shared_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shared_file_sha256"))
    op.drop_table("shared_file")
