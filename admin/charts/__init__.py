"""Charts as values: what the browser draws, and the same figures as a table for those who want text.

A page passes one to the macro of `parts/chart.html`; `source/` holds what draws them, built by `scripts/build_charts`.
"""

from admin.charts.drawing import Chart, Line, Mark, bars, funnel, graph, heat, lines, points, sankey
from admin.charts.forms import Form, exact, money, number, percent

__all__ = [
    "Chart",
    "Form",
    "Line",
    "Mark",
    "bars",
    "exact",
    "funnel",
    "graph",
    "heat",
    "lines",
    "money",
    "number",
    "percent",
    "points",
    "sankey",
]
