"""Segments: who is meant, who is in them, since when and why."""
