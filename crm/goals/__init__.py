"""Goals: what is to be reached by when, out of every figure that is reported, and how far it is."""

from crm.goals.figures import FIGURES, Figure, Unit
from crm.goals.keeping import keep, measurements
from crm.goals.progress import GoalState, Progress, measured, progress, progress_of
from crm.goals.setting import GoalFields, archive, create, update

__all__ = [
    "FIGURES",
    "Figure",
    "GoalFields",
    "GoalState",
    "Progress",
    "Unit",
    "archive",
    "create",
    "keep",
    "measured",
    "measurements",
    "progress",
    "progress_of",
    "update",
]
