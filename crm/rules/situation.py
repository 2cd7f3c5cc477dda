"""Where the cursor stands in a rule that is being written: the noun, the subject, what the grammar lets follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lark import UnexpectedInput

from crm.rules.check import figure
from crm.rules.faults import RuleInvalid
from crm.rules.fields import CUSTOMER, Catalogue, Field, Noun, find_customer, find_field, find_rows
from crm.rules.text import parser
from crm.rules.tree import VERBS, Aggregate, Function, Path

_TOKEN = re.compile(
    r'(?P<space>\s+)|(?P<comment>#[^\n]*)|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<open>"(?:[^"\\\n]|\\.)*)'
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]*)*)|(?P<other>[0-9][\w.:+-]*|[!<>]=|.)",
    re.DOTALL,
)
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "and or not in is empty between contains starts ends with within anniversary segment stage ever entered left "
        "of at last next this previous from to whole ago ahead now today true false",
    )
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int


@dataclass(slots=True)
class Frame:
    """What a parenthesis opened: the noun spoken of inside, and the call or the subject that stands before it."""

    noun: Noun | None
    call: Path = ()
    subject: Field | None = None
    figure: Path = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """`partial` is what stands before the cursor of the word that is being written, from `start` on; `quoted` when
    it is a text in quotes. `accepts` names the terminals of the grammar that may begin there, `before` is the word
    before it, and `call` the path of the call whose first argument is being written. `customer` is true behind a path
    that leads to a customer."""

    start: int
    partial: str
    quoted: bool
    accepts: frozenset[str]
    before: str
    noun: Noun | None
    subject: Field | None
    call: Path
    customer: bool


def find(text: str, cursor: int, catalogue: Catalogue, *, root: str = CUSTOMER) -> Situation | None:
    """The situation at a cursor, counted in characters from 0; None inside a comment."""
    tokens = [token for token in _tokens(text[:cursor]) if token.kind != "space"]
    last = tokens[-1] if tokens else None
    if last and last.kind == "comment" and "\n" not in text[last.start : cursor]:
        return None
    tokens = [token for token in tokens if token.kind != "comment"]
    open_word = tokens and tokens[-1].kind in ("word", "open") and _end(tokens[-1]) == cursor
    partial = tokens.pop() if open_word else Token("word", "", cursor)
    walk = _Walk(catalogue, [Frame(catalogue.noun(root))])
    for token in tokens:
        walk.take(token)
    frame = walk.frames[-1]
    return Situation(
        partial.start,
        partial.text.removeprefix('"'),
        partial.kind == "open",
        _accepted(text[: partial.start]),
        tokens[-1].text.lower() if tokens else "",
        frame.noun,
        walk.subject,
        frame.call if tokens and tokens[-1].text == "(" else (),
        walk.at_customer(),
    )


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        yield Token(str(match.lastgroup), match[0], match.start())


def _end(token: Token) -> int:
    return token.start + len(token.text)


def _accepted(text: str) -> frozenset[str]:
    """The terminals that may follow a text; none when the text itself is at fault."""
    try:
        state = parser().parse_interactive(text)
        for _ in state.iter_parse():
            pass
        return frozenset(state.accepts())  # type: ignore[no-untyped-call]
    except (UnexpectedInput, RuleInvalid):
        return frozenset()


@dataclass(slots=True)
class _Walk:
    """Goes over the words and keeps what they mean for the next one."""

    catalogue: Catalogue
    frames: list[Frame]
    subject: Field | None = None
    path: Path = ()
    seen: list[str] = field(default_factory=list)

    def take(self, token: Token) -> None:
        word = token.text.lower()
        named = token.kind == "word" and not self.keyword(word)
        if token.text in ("(", ")"):
            self.open() if token.text == "(" else self.close()
        elif named:
            self.name(tuple(token.text.split(".")))
        elif word == "," and not self.frames[-1].subject or word in ("and", "or") and "between" not in self.seen:
            self.subject = None
        self.seen = [*self.seen, word] if word not in ("and", "or") else []
        if not named:
            self.path = ()

    def keyword(self, word: str) -> bool:
        return word in _KEYWORDS and (word != "stage" or self.seen[-1:] == ["in"])

    def name(self, path: Path) -> None:
        frame = self.frames[-1]
        if frame.call and not frame.figure and not self.subject:
            frame.figure = path
        self.path, self.subject = path, self.field(path)

    def field(self, path: Path) -> Field | None:
        noun = self.frames[-1].noun
        try:
            return find_field(self.catalogue, noun, path).field if noun else None
        except (RuleInvalid, KeyError):
            return None

    def at_customer(self) -> bool:
        noun = self.frames[-1].noun
        try:
            return bool(noun and self.path and find_customer(self.catalogue, noun, self.path) is not None)
        except (RuleInvalid, KeyError):
            return False

    def open(self) -> None:
        noun = self.frames[-1].noun
        if self.path and self.path[-1] in VERBS:
            self.frames.append(Frame(self.rows(noun, self.path[:-1]), self.path))
            self.subject = None
        elif self.path:  # the lifecycle of a stage
            self.frames.append(Frame(None, self.path, self.subject))
        else:
            self.frames.append(Frame(noun, (), self.subject if self.seen[-1:] == ["in"] else None))

    def rows(self, noun: Noun | None, path: Path) -> Noun | None:
        try:
            return self.catalogue.noun(find_rows(self.catalogue, noun, path)[-1].target) if noun else None
        except (RuleInvalid, KeyError):
            return None

    def close(self) -> None:
        if len(self.frames) == 1:
            return
        frame = self.frames.pop()
        self.subject = frame.subject or self.computed(frame)

    def computed(self, frame: Frame) -> Field | None:
        """The field that a call's figure is compared as."""
        if not frame.call or frame.noun is None or frame.call[-1] not in frozenset(Function):
            return None
        function = Function(frame.call[-1])
        name = None if function is Function.COUNT else frame.figure[-1] if frame.figure else ""
        try:
            return figure(Aggregate(frame.call[:-1], function, name), frame.noun)
        except (RuleInvalid, AssertionError):
            return None
