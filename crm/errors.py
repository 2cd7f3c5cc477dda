"""The one tree of expected failures; each surface maps it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar


class CrmError(Exception):
    """The request cannot be fulfilled.

    `message` names the field, the value and the remedy; `path` leads to the field in the caller's input;
    `details` are further facts for the client (current version, missing scope, wait time).
    """

    code: ClassVar[str] = "FAILED"
    status: ClassVar[int] = 400

    def __init__(self, message: str | None = None, *, path: tuple[str, ...] = (), **details: Any) -> None:
        self.message = message or (type(self).__doc__ or "").strip().split("\n")[0]
        self.path = path
        self.details = details
        super().__init__(self.message)

    def under(self, *prefix: str) -> CrmError:
        """Prefix the path, for a caller that knows where the failed value stood in a larger input."""
        self.path = (*prefix, *self.path)
        return self


class ValidationFailed(CrmError):
    """The input is not acceptable."""

    code = "VALIDATION_FAILED"
    status = 422


class Problems(CrmError):
    """Several things are wrong with the input."""

    code = "VALIDATION_FAILED"
    status = 422

    def __init__(self, problems: list[CrmError]) -> None:
        super().__init__("; ".join(problem.message for problem in problems), path=problems[0].path)
        self.problems = problems


def together(*steps: Callable[[], object]) -> None:
    """Take every step, even after one that fails, and raise all that failed: a form learns of its faults at once."""
    found: list[CrmError] = []
    for step in steps:
        try:
            step()
        except CrmError as error:
            found += error.problems if isinstance(error, Problems) else [error]
    if found:
        raise Problems(found) if len(found) > 1 else found[0]


class NotFound(CrmError):
    """There is no such record."""

    code = "NOT_FOUND"
    status = 404


class WrongKind(CrmError):
    """The id belongs to another kind of record."""

    code = "WRONG_KIND"
    status = 422


class VersionConflict(CrmError):
    """The record was changed meanwhile; read it again and repeat the change on its current version."""

    code = "VERSION_CONFLICT"
    status = 409

    def __init__(
        self, message: str | None = None, *, current_version: int, path: tuple[str, ...] = (), **details: Any
    ) -> None:
        super().__init__(message, path=path, current_version=current_version, **details)
        self.current_version = current_version


class DuplicateFound(CrmError):
    """Another record holds this value already."""

    code = "DUPLICATE"
    status = 409


class Unauthenticated(CrmError):
    """A credential is needed: send `Authorization: Bearer <token>`."""

    code = "UNAUTHENTICATED"
    status = 401


class Forbidden(CrmError):
    """The credential lacks a scope."""

    code = "FORBIDDEN"
    status = 403

    def __init__(
        self, message: str | None = None, *, missing_scope: str | None = None, path: tuple[str, ...] = ()
    ) -> None:
        text = message or f"This needs the scope '{missing_scope}', which your credential does not have."
        super().__init__(text, path=path, missing_scope=missing_scope)
        self.missing_scope = missing_scope


class IdempotencyConflict(CrmError):
    """The idempotency key was used before with other input; use a new key for a new request."""

    code = "IDEMPOTENCY_CONFLICT"
    status = 409


class Blocked(CrmError):
    """A rule of the business does not allow this now."""

    code = "BLOCKED"
    status = 409


class Throttled(CrmError):
    """Too much was asked in too short a time; wait and repeat."""

    code = "THROTTLED"
    status = 429


class TooComplex(CrmError):
    """The document asks for more than one request may."""

    code = "TOO_COMPLEX"


class Timeout(CrmError):
    """The work took longer than is allowed; ask for less."""

    code = "TIMEOUT"
    status = 504


class DatabaseUnavailable(CrmError):
    """The database cannot be reached at the moment; repeat the request shortly."""

    code = "DATABASE_UNAVAILABLE"
    status = 503


class Busy(CrmError):
    """Another change of the same record is under way; repeat the request."""

    code = "BUSY"
    status = 409


class SettingsInvalid(CrmError):
    """A setting is not usable."""

    code = "SETTINGS_INVALID"
