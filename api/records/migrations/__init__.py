"""How the tables came to be, step by step and back; run by Alembic from api/records/database.py."""
