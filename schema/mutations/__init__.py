"""Everything that can be changed through GraphQL: one mutation an intent, each one use case."""

import strawberry

from schema.mutations.customers import CustomerMutations
from schema.mutations.fields import FieldMutations
from schema.mutations.followups import FollowUpMutations
from schema.mutations.house import HouseMutations
from schema.mutations.interactions import InteractionMutations
from schema.mutations.lifecycle import LifecycleMutations
from schema.mutations.merging import MergingMutations
from schema.mutations.orders import OrderMutations
from schema.mutations.roles import RoleMutations
from schema.mutations.segments import SegmentMutations
from schema.mutations.value import ValueMutations
from schema.mutations.webhooks import WebhookMutations


@strawberry.type
class Mutation(
    CustomerMutations,
    MergingMutations,
    OrderMutations,
    InteractionMutations,
    FollowUpMutations,
    SegmentMutations,
    LifecycleMutations,
    FieldMutations,
    HouseMutations,
    RoleMutations,
    ValueMutations,
    WebhookMutations,
):
    """Change customers and what belongs to them."""
