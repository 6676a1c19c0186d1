"""Telling people: one outbox in the database, one sender per channel, nothing lost or doubled."""
