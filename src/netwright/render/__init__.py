"""Answers to text, tables and JSON. Nothing here decides anything."""
