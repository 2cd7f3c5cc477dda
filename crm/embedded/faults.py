"""What may go wrong with the embedded server, said so that somebody can act on it."""

from __future__ import annotations

from crm.errors import DatabaseUnavailable


class EmbeddedFailure(DatabaseUnavailable):
    """The embedded PostgreSQL cannot be used."""

    code = "EMBEDDED_DATABASE"
