"""Comparisons that anyone can run: each prints one table of ratios, measured side by side in one run."""
