"""Everything that can be changed through GraphQL: one mutation an intent, each one use case."""

import strawberry

from schema.mutations.customers import CustomerMutations
from schema.mutations.followups import FollowUpMutations
from schema.mutations.house import HouseMutations
from schema.mutations.interactions import InteractionMutations
from schema.mutations.lifecycle import LifecycleMutations
from schema.mutations.orders import OrderMutations
from schema.mutations.segments import SegmentMutations
from schema.mutations.value import ValueMutations


@strawberry.type
class Mutation(
    CustomerMutations,
    OrderMutations,
    InteractionMutations,
    FollowUpMutations,
    SegmentMutations,
    LifecycleMutations,
    HouseMutations,
    ValueMutations,
):
    """Change customers and what belongs to them."""
