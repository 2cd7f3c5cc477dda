"""Lines that every request leaves: made without ceremony, gathered for a moment and written together."""

from __future__ import annotations

import asyncio
import atexit
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

MOMENT = 0.05
"""Seconds for which lines are gathered: what is lost of them when a process is killed."""

ODD = re.compile(r"[\s=\"']")

Shape = Callable[[str, dict[str, Any], str], str]


def json_line(event: str, details: dict[str, Any], now: str) -> str:
    line = {**details, "event": event, "level": "info", "timestamp": now}
    return orjson.dumps(line, default=str).decode()


def text_line(event: str, details: dict[str, Any], now: str) -> str:
    told = " ".join([f"{name}={_shown(value)}" for name, value in details.items()])
    return f"{now} [info     ] {event} {told}"


def _shown(value: Any) -> Any:
    return repr(value) if isinstance(value, str) and ODD.search(value) else value


SHAPES: dict[str, Shape] = {"json": json_line, "text": text_line}


class Gathering:
    """A stream that takes lines for later. What is written to it directly comes after those that waited."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.lines: list[str] = []
        atexit.register(self.drain)

    def add(self, line: str) -> None:
        self.lines.append(line)
        if len(self.lines) > 1:
            return
        try:
            asyncio.get_running_loop().call_later(MOMENT, self.drain)
        except RuntimeError:  # outside of an event loop nobody would come back to it
            self.drain()

    def drain(self) -> None:
        waiting, self.lines = self.lines, []
        if waiting and not self.stream.closed:
            self.stream.write("\n".join(waiting) + "\n")
            self.stream.flush()

    def write(self, text: str) -> int:
        self.drain()
        return self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()

    def isatty(self) -> bool:
        return self.stream.isatty()


def writer(shape: str, stream: Gathering, scrub: Callable[[str], str]) -> Callable[[str, dict[str, Any]], None]:
    """What writes such lines in a shape, without the secrets that `scrub` knows."""
    line = SHAPES[shape]

    def write(event: str, details: dict[str, Any]) -> None:
        stream.add(scrub(line(event, details, datetime.now(UTC).isoformat()[:-6] + "Z")))

    return write
