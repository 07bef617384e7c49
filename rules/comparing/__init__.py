"""Comparing two versions of a pathway: what the documents say differently, and what it does to answers."""
