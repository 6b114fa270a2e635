"""Snapshots at rest: the objects of one moment in content-addressed files, taken, found, read back and redacted."""
