"""Staying up: what is admitted under load, what is watched, what is counted, and how the service starts and ends."""
