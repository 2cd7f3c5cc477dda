"""The fields of generated lists and forms."""

from admin.fields.choosing import Choice, Flag, One, Scopes, listed
from admin.fields.numbers import Amount, Ratio, Whole
from admin.fields.reading import Computed, Structure, Told
from admin.fields.texts import Key, LongText, Named, Text, Worded
from admin.fields.times import Day, Moment
from admin.fields.typed import Readable, Typed, Unreadable

__all__ = [
    "Amount",
    "Choice",
    "Computed",
    "Day",
    "Flag",
    "Key",
    "LongText",
    "Moment",
    "Named",
    "One",
    "Ratio",
    "Readable",
    "Scopes",
    "Structure",
    "Text",
    "Told",
    "Typed",
    "Unreadable",
    "Whole",
    "Worded",
    "listed",
]
