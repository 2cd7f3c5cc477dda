"""Segments at the panel: their pages, and the editor of rules."""
