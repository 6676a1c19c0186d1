"""Sounds whose truth is known, made or recorded, and what the box hears in them."""
