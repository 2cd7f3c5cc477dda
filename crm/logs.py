"""Log lines: one event each, as text for people or JSON for machines, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO, cast

import orjson
import structlog
from structlog.typing import Processor

from crm.log_lines import Gathering, writer

SECRETS = (
    (re.compile(r"arz_[0-9A-Za-z]{20,}"), "arz_…"),
    (re.compile(r"(postgres(?:ql)?://[^:/@\s]*):[^@\s]*@"), r"\1:…@"),
    (re.compile(r"([Bb]earer|BEARER|[Bb]asic|BASIC)\s+[\w.~+/=-]{8,}"), r"\1 …"),
)
QUIET = ("uvicorn.access", "tortoise", "asyncio", "python_multipart", "httpx", "httpcore", "starlette_admin")
"""Loggers that say nothing below a warning: each request has a line, and statements and addresses hold secrets."""


def suspicious(text: str) -> bool:
    """Whether a pattern could match: plain searches take a fiftieth of the time of those for patterns."""
    return (
        "arz_" in text or "://" in text or "earer" in text or "EARER" in text or "asic" in text or "ASIC" in text
    )  # fmt: skip


def scrub(text: str) -> str:
    """The text without tokens and passwords."""
    if suspicious(text):
        for pattern, shown in SECRETS:
            text = pattern.sub(shown, text)
    return text


def _scrubbed(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = scrub(value)
    return line


request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being answered; every line that is written meanwhile names it."""


def _with_request(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    current = request_id.get()
    if current is not None:
        line.setdefault("request_id", current)
    return line


def _json(line: Any, default: Any = None, **options: Any) -> str:
    return orjson.dumps(line, default=default or str).decode()


def _renderer(shape: str, stream: Gathering) -> Processor:
    if shape == "json":
        return structlog.processors.JSONRenderer(serializer=_json)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0)


Tell = Callable[[str, dict[str, Any]], None]


def _through_structlog(event: str, details: dict[str, Any]) -> None:
    structlog.get_logger().info(event, **details)


_teller: Tell = _through_structlog


def tell(event: str, details: dict[str, Any]) -> None:
    """Write a line of level info: one that is written so often that its way through structlog would be felt.

    It looks like the others, without what is bound to the context. `details` stand in the order of their names.
    """
    _teller(event, details)


def _quiet(event: str, details: dict[str, Any]) -> None:
    """Nothing."""


def _teller_for(least: int, shape: str, stream: Gathering) -> Tell:
    if least > logging.INFO:
        return _quiet
    if shape == "text" and stream.isatty():
        return _through_structlog  # in colours, for one who looks on
    return writer(shape, stream, scrub)


_gathering: Gathering | None = None


def drain() -> None:
    """Write what was told and waits."""
    if _gathering is not None:
        _gathering.drain()


def configure(level: str = "info", shape: str = "text", *, stream: TextIO | None = None) -> None:
    """Send our lines, and those of libraries, to `stream` (standard error) in one shape ('text' or 'json')."""
    global _teller, _gathering
    drain()
    _gathering = Gathering(stream or sys.stderr)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_request,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _scrubbed,
    ]
    renderer = _renderer(shape, _gathering)
    least = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _gathering)),
        cache_logger_on_first_use=False,
    )
    _teller = _teller_for(least, shape, _gathering)
    _adopt_libraries(shared, renderer, least, _gathering)


def _adopt_libraries(shared: list[Processor], renderer: Processor, least: int, stream: Gathering) -> None:
    handler = logging.StreamHandler(stream)
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared[:-1], processors=[drop, _scrubbed, renderer])
    )
    logging.basicConfig(handlers=[handler], level=least, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))
