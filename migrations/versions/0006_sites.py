"""Sites that embed the hub, what came by way of them, and the loaders that they may have pinned."""

import sqlalchemy as sa
from alembic import op

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("removed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_table(
        "site_contribution",
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("rows", INTEGER, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_site_contribution_job_id_job")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_site_contribution_site_id_site")
        ),
        sa.PrimaryKeyConstraint("site_id", "day", "job_id", name=op.f("pk_site_contribution")),
    )
    with op.batch_alter_table("site_contribution", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_site_contribution_job_id"), ["job_id"])
    op.create_table(
        "site_day",
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("volunteers", INTEGER, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_day_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", "day", name=op.f("pk_site_day")),
    )
    op.create_table(
        "loader",
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_loader")),
    )
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("site_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("site_counted_on", sa.Date(), nullable=True))
        batch_op.create_index(batch_op.f("ix_volunteer_site_id"), ["site_id"])


def downgrade() -> None:
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_volunteer_site_id"))
        batch_op.drop_column("site_counted_on")
        batch_op.drop_column("site_id")
    for name in ("loader", "site_day", "site_contribution", "site"):
        op.drop_table(name)
