"""Programs that the hub runs itself, files made of results, and why a sub-job failed."""

import sqlalchemy as sa
from alembic import op

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hub_program",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("program_sha256", sa.String(length=64), nullable=False),
        sa.Column("program_bytes", INTEGER, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_hub_program_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "role", name=op.f("pk_hub_program")),
    )
    with op.batch_alter_table("hub_program", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hub_program_program_sha256"), ["program_sha256"])
    op.create_table(
        "result_file",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_result_file_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "form", name=op.f("pk_result_file")),
    )
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.add_column(sa.Column("failure", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sub_job", schema=None) as batch_op:
        batch_op.drop_column("failure")
    op.drop_table("result_file")
    with op.batch_alter_table("hub_program", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hub_program_program_sha256"))
    op.drop_table("hub_program")
