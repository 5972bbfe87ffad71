"""What was promised, sent and settled; the only home of sqlalchemy and alembic."""
