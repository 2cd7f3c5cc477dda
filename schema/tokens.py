"""API tokens, without their secrets."""

from datetime import datetime

from strawberry.scalars import JSON

import models
from crm.access import Scope
from schema.node import Node
from schema.select.declare import column, one, reads
from schema.select.order import By
from schema.staff import StaffMember


@reads(models.ApiToken, scope=Scope.TOKEN_MANAGE, order=[By("created_at", descending=True)])
class ApiToken(Node):
    """The credential of a partner app."""

    name: str = column()
    last_four: str = column(description="The end of the secret, to tell tokens apart.")
    scopes: list[str] = column()
    row_filter: JSON | None = column(description="The rule that limits which customers the app sees.")
    created_by: StaffMember | None = one("created_by")
    expires_at: datetime = column()
    revoked_at: datetime | None = column()
    last_used_at: datetime | None = column()
    last_used_address: str | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
