"""The one layer over the database: pools, transactions, raw statements, retries, migrations."""

from __future__ import annotations

from crm.database.beside import beside, shared_moment
from crm.database.connection import listening
from crm.database.faults import ConnectionLost, Contention, constraint_of, translated
from crm.database.pool import Gauge, Options, options_of
from crm.database.setup import connect, connected, disconnect, tortoise_config
from crm.database.work import (
    connection,
    copy_records,
    execute,
    execute_many,
    fetch,
    fetch_json,
    fetch_read,
    fetch_row,
    fetch_value,
    in_transaction,
    pool_gauges,
    reading,
    retrying,
    transaction,
)

__all__ = [
    "ConnectionLost",
    "Contention",
    "Gauge",
    "Options",
    "beside",
    "connect",
    "connected",
    "connection",
    "constraint_of",
    "copy_records",
    "disconnect",
    "execute",
    "execute_many",
    "fetch",
    "fetch_json",
    "fetch_read",
    "fetch_row",
    "fetch_value",
    "in_transaction",
    "listening",
    "options_of",
    "pool_gauges",
    "reading",
    "retrying",
    "shared_moment",
    "tortoise_config",
    "transaction",
    "translated",
]
