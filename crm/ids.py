"""Public identifiers: a readable prefix and the UUID, so that an id of another kind is recognised."""

from __future__ import annotations

from uuid import UUID

from crm.errors import ValidationFailed, WrongKind

PREFIXES: dict[str, str] = {
    "customer": "cus",
    "identity": "idn",
    "relationship": "rel",
    "interaction": "int",
    "product": "prd",
    "order": "ord",
    "order_line": "oln",
    "cost_entry": "cst",
    "segment": "seg",
    "segment_membership": "mem",
    "segment_version": "sgv",
    "lifecycle": "lif",
    "lifecycle_revision": "lrv",
    "stage": "stg",
    "stage_edge": "edg",
    "stage_transition": "trn",
    "value_run": "run",
    "value_snapshot": "val",
    "strategic_designation": "dsg",
    "staff_member": "stf",
    "staff_session": "ses",
    "role": "rol",
    "api_token": "tok",
    "event": "evt",
    "audit_entry": "aud",
    "import_run": "imp",
    "field_definition": "fld",
    "follow_up": "fup",
    "goal": "gol",
    "exchange_rate": "fxr",
    "saved_view": "vew",
    "webhook_endpoint": "whk",
    "webhook_delivery": "whd",
}
"""Table name to prefix; the table names are those of the models."""

NOUNS: dict[str, str] = {prefix: noun for noun, prefix in PREFIXES.items()}


def encode(prefix: str, key: UUID) -> str:
    return f"{prefix}_{key}"


def decode(prefix: str, text: str, *, path: tuple[str, ...] = ("id",)) -> UUID:
    """Read a public id of the kind `prefix`.

    Raises WrongKind for the id of another noun and ValidationFailed for anything that is no id.
    """
    found, key = split(text, path=path)
    if found != prefix:
        raise WrongKind(
            f"'{text}' is the id of {named(found)}; an id of {named(prefix)} ('{prefix}_…') is needed here.",
            path=path,
        )
    return key


def named(prefix: str) -> str:
    """A record of the kind in words, with its article."""
    words = NOUNS[prefix].replace("_", " ").replace("api", "API")
    return f"{'an' if words[0] in 'aeioA' else 'a'} {words}"


def split(text: str, *, path: tuple[str, ...] = ("id",)) -> tuple[str, UUID]:
    """The prefix and the UUID of any public id."""
    prefix, _, rest = text.partition("_")
    if prefix not in NOUNS:
        raise ValidationFailed(
            f"'{text[:60]}' is not an id; ids look like 'cus_0190c7a4-…': send one that the API gave you.",
            path=path,
        )
    try:
        return prefix, UUID(rest)
    except ValueError:
        raise ValidationFailed(
            f"'{text[:60]}' is not a complete id; after '{prefix}_' a UUID is expected.", path=path
        ) from None
