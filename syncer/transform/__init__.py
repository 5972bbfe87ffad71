"""Rows in, events and rejects out; pure."""
