"""Alembic's scripts and the functions that run them; shipped with the package."""
