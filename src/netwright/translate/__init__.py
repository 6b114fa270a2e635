"""Policies raised to another language, lowered again, and proven to do the same, or what is left of them by name."""
