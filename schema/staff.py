"""The people of the back office."""

from datetime import datetime

import models
from crm.access import Scope
from schema.node import Node
from schema.select.declare import column, one, reads
from schema.select.order import By


@reads(models.Role, scope=Scope.STAFF_READ, order=[By("name")])
class Role(Node):
    """A named set of scopes."""

    key: str = column()
    name: str = column()
    scopes: list[str] = column()
    built_in: bool = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()


@reads(models.StaffMember, scope=Scope.STAFF_READ, order=[By("name")])
class StaffMember(Node):
    """A person of the back office."""

    email: str = column()
    name: str = column()
    role: Role = one("role")
    locale: str = column()
    time_zone: str = column()
    active: bool = column()
    last_login_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
