"""Demonstration data: a real purchase log, or a simulated organisation of any size."""
