"""Lifecycles at the panel: drawn and edited, reported on, and the board on which customers are moved."""
