"""Log lines: one event each, as text for people or JSON for machines, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import Processor

SECRETS = (
    (re.compile(r"arz_[0-9A-Za-z]{20,}"), "arz_…"),
    (re.compile(r"(postgres(?:ql)?://[^:/@\s]*):[^@\s]*@"), r"\1:…@"),
    (re.compile(r"([Bb]earer|BEARER|[Bb]asic|BASIC)\s+[\w.~+/=-]{8,}"), r"\1 …"),
)
QUIET = ("uvicorn.access", "tortoise", "asyncio", "python_multipart", "httpx", "httpcore", "starlette_admin")
"""Loggers that say nothing below a warning: each request has a line, and statements and addresses hold secrets."""


MARK = re.compile("arz_|://|[Bb]earer|BEARER|[Bb]asic|BASIC")
"""Stands in every text that a pattern could match; looking for it is far cheaper."""


def scrub(text: str) -> str:
    """The text without tokens and passwords."""
    if not MARK.search(text):
        return text
    for pattern, shown in SECRETS:
        text = pattern.sub(shown, text)
    return text


def _scrubbed(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = scrub(value)
    return line


def _json(line: Any, default: Any = None, **options: Any) -> str:
    return orjson.dumps(line, default=default or str).decode()


def _renderer(shape: str, stream: TextIO) -> Processor:
    if shape == "json":
        return structlog.processors.JSONRenderer(serializer=_json)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0)


def configure(level: str = "info", shape: str = "text", *, stream: TextIO | None = None) -> None:
    """Send our lines, and those of libraries, to `stream` (standard error) in one shape ('text' or 'json')."""
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _scrubbed,
    ]
    renderer = _renderer(shape, stream)
    least = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    _adopt_libraries(shared, renderer, least, stream)


def _adopt_libraries(shared: list[Processor], renderer: Processor, least: int, stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared[:-1], processors=[drop, _scrubbed, renderer])
    )
    logging.basicConfig(handlers=[handler], level=least, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))
