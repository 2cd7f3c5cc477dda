"""What PostgreSQL and its driver raise, as errors that callers can act on: one table, read from the top."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError

from crm.errors import Busy, DatabaseUnavailable, Timeout, ValidationFailed

RETRY_AFTER = 1
"""Seconds after which a client may repeat what failed for want of the database."""


class Contention(Busy):
    """Two changes met and this one gave way; the same transaction may succeed when repeated."""


class ConnectionLost(DatabaseUnavailable):
    """The connection to the database ended in the midst of the work.

    `outcome_unknown` is true when COMMIT was on its way: the work may or may not have been kept.
    """

    def __init__(self, message: str | None = None, *, outcome_unknown: bool = False) -> None:
        super().__init__(message, retry_after=RETRY_AFTER)
        self.outcome_unknown = outcome_unknown


def unreachable(error: BaseException) -> DatabaseUnavailable:
    told = str(error).strip().split("\n")[0] or type(error).__name__
    return DatabaseUnavailable(f"The database cannot be reached ({told}).", retry_after=RETRY_AFTER)


def unusable_value(error: BaseException) -> ValidationFailed:
    return ValidationFailed(f"A value cannot be stored: {str(error).split(chr(10))[0]}.")


REFUSED: tuple[type[BaseException], ...] = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.ConnectionRejectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
"""Why no connection is had at this moment; a little later one may be."""

LOST: tuple[type[BaseException], ...] = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.IdleSessionTimeoutError,
)
"""Signs that the session is over."""

CLOSED_SIGNS = (
    "connection is closed",
    "connection was closed",
    "connection has been released",
    "pool is clos",
    "cannot switch to state",  # the server's farewell was read, the closing of the socket not yet
)

TRANSLATIONS: tuple[tuple[type[BaseException], Callable[[BaseException], Exception]], ...] = (
    (asyncio.TimeoutError, lambda _: Timeout()),
    (asyncpg.QueryCanceledError, lambda _: Timeout()),
    (asyncpg.LockNotAvailableError, lambda _: Busy()),
    (asyncpg.SerializationError, lambda _: Contention()),
    (asyncpg.DeadlockDetectedError, lambda _: Contention()),
    (asyncpg.InvalidAuthorizationSpecificationError, unreachable),
    (asyncpg.InvalidCatalogNameError, unreachable),
    (asyncpg.InsufficientResourcesError, unreachable),
    (asyncpg.DataError, unusable_value),
    (asyncpg.IntegrityConstraintViolationError, lambda error: IntegrityError(error)),
    (asyncpg.SyntaxOrAccessError, lambda error: OperationalError(error)),
    (asyncpg.InvalidTransactionStateError, lambda error: TransactionManagementError(error)),
)
"""TimeoutError is an OSError: it stands here and is looked at before LOST."""


def is_lost(error: BaseException) -> bool:
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return any(sign in str(error) for sign in CLOSED_SIGNS)
    return isinstance(error, LOST) and not isinstance(error, asyncio.TimeoutError)


def translate(error: BaseException) -> Exception | None:
    """Our error for the driver's, or None for one that is not the driver's."""
    if is_lost(error):
        return ConnectionLost()
    return next((make(error) for kind, make in TRANSLATIONS if isinstance(error, kind)), None)


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors for the driver's; everything else passes."""
    try:
        yield
    except Exception as error:
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that a write violated."""
    cause = error.__cause__ or (error.args[0] if error.args else None)
    return getattr(cause, "constraint_name", None)
