"""Descriptions of what mutations take and give back."""

from __future__ import annotations

ISO = "The code of the currency (ISO 4217)."
RATE = (
    "What one unit of the currency is worth in the base currency; that of the day if the currency changes without it."
)
RESULT = "as it is afterwards; null when nothing happened."

WORDS: dict[str, dict[str, str]] = {
    "CustomerPayload": {"customer": f"The customer {RESULT}"},
    "CustomerUpsertPayload": {
        "customer": f"The customer {RESULT}",
        "created": "True when it is new, false when it was known; null when nothing happened.",
    },
    "DeletePayload": {"deletedId": "The id of what is gone; null when nothing happened."},
    "RelationshipPayload": {"relationship": f"The link {RESULT}"},
    "CustomerMergePayload": {
        "customer": f"The survivor {RESULT}",
        "moved": "What the survivor got, by kind of record.",
        "conflicts": "Fields about which they say different things.",
    },
    "MergeMoved": {"count": "How many rows."},
    "MergeConflict": {
        "field": "The field's name.",
        "kept": "The value that stays; null for none.",
        "keptFrom": "The customer that it comes from.",
        "candidates": "What each of them says.",
    },
    "MergeCandidate": {"customerId": "The customer.", "value": "Its value."},
    "OrderPayload": {"order": f"The order {RESULT}"},
    "ProductPayload": {"product": f"The product {RESULT}"},
    "CostPayload": {"costEntry": f"The cost entry {RESULT}"},
    "InteractionPayload": {"interaction": f"The interaction {RESULT}"},
    "FollowUpPayload": {"followUp": f"The follow-up {RESULT}"},
    "OwnerTransferPayload": {
        "customers": "How many customers go to others.",
        "followUps": "How many open follow-ups go to others.",
    },
    "GoalPayload": {
        "goalId": "The goal's id; null when nothing happened.",
        "version": "Its version afterwards; null when nothing happened.",
    },
    "SegmentRulePayload": {
        "segment": f"The segment {RESULT}",
        "changed": "False on a dry run, and when the rule was the same.",
    },
    "SegmentDifference": {
        "entering": "How many customers would come in.",
        "leaving": "How many would go out.",
        "staying": "How many would stay.",
    },
    "SegmentEvaluatePayload": {
        "segment": f"The segment {RESULT}",
        "entered": "How many came in; null while it goes on.",
        "exited": "How many went out; null while it goes on.",
    },
    "SegmentLibraryPayload": {
        "segmentIds": "Ids of the segments made.",
        "segmentKeys": "Their keys, in the same order.",
    },
    "SegmentPayload": {"segment": f"The segment {RESULT}"},
    "SegmentMembersPayload": {"segment": f"The segment {RESULT}"},
    "StageMovePayload": {
        "customer": f"The customer {RESULT}",
        "moved": "False on a dry run, and when something keeps the customer.",
        "obstacles": "What keeps the customer from moving; empty when nothing does.",
    },
    "MoveObstacle": {
        "expected": "What the guard wants; null when it is not about a value.",
        "actual": "What the customer has; null for nothing.",
    },
    "LifecyclePayload": {"lifecycle": f"The lifecycle {RESULT}"},
    "StageMoveManyPayload": {
        "chosen": "How many customers were meant.",
        "held": "Who stays, by stage and reason.",
    },
    "HeldCustomers": {
        "stage": "Key of the stage they stand in; null for none.",
        "examples": "Ids of some of them.",
    },
    "FieldPayload": {"fieldDefinition": f"The custom field {RESULT}"},
    "WebhookEndpointPayload": {"webhookEndpoint": f"The webhook {RESULT}"},
    "WebhookDeliveryPayload": {"webhookDelivery": f"The delivery {RESULT}"},
    "WebhookEndpointCreateInput": {"name": "What it is for.", "url": "Where to send events: a public https address."},
    "WebhookEndpointUpdateInput": {"url": "Where to send events: a public https address."},
    "WebhookEndpointTestInput": {"id": "The webhook, `whk_…`."},
    "WebhookDeliveryRetryInput": {"id": "The delivery, `whd_…`."},
    "WebhookDeliveryRetryFailedInput": {"endpointId": "The webhook, `whk_…`; it has to be switched on."},
    "TokenPayload": {"token": f"The token {RESULT}"},
    "StaffPayload": {"staffMember": f"The staff member {RESULT}"},
    "OrganizationPayload": {"organization": f"The organisation's choices {RESULT}"},
    "ExchangeRatePayload": {"rate": "The rate as it was noted; null when nothing happened."},
    "RolePayload": {"role": f"The role {RESULT}"},
    "ValueRunPayload": {"valueRun": f"The run {RESULT}"},
    "ValueSettingsPayload": {"settings": f"The settings {RESULT}"},
    "DesignationPayload": {"designation": f"The designation {RESULT}"},
    "Problem": {"code": "What kind of failure it is."},
    "IdentityFields": {
        "kind": "An e-mail address, a phone number, or a reference of another system.",
        "primary": "Whether it is the one to use among those of its kind.",
    },
    "IdentityLookup": {"kind": "An e-mail address, a phone number, or a reference of another system."},
    "CustomerMergeInput": {"survivorId": "The customer that stays, `cus_…`."},
    "MergeChoiceInput": {"customerId": "The customer whose value stays, `cus_…`."},
    "OwnerTransferInput": {
        "from": "The staff member who gives everything away, `stf_…`.",
        "to": "The staff members who get it, `stf_…`.",
    },
    "SegmentMembersInput": {
        "segmentId": "The segment, `seg_…`; a STATIC one.",
        "customerIds": "The customers, `cus_…`.",
    },
    "ReplacementInput": {"stage": "Key of the stage that goes away."},
    "LifecycleCreateInput": {"key": "The lifecycle's key; it never changes."},
    "StageInput": {"initial": "Whether new customers begin here; one stage has to say so."},
    "StageUpdateInput": {
        "initial": "Whether new customers begin here.",
        "targetDays": "Within how many days customers should move on; null for no target.",
    },
    "EdgeInput": {"from": "Key of the stage that it leaves.", "to": "Key of the stage that it leads to."},
    "StageEdgeRemoveInput": {"from": "Key of the stage that it leaves.", "to": "Key of the stage that it leads to."},
    "StageEdgeSetInput": {"edge": "The move as it is to be."},
    "StageAddInput": {"stage": "The new stage."},
    "StageRemoveInput": {"stage": "Key of the stage to remove."},
    "StagesReorderInput": {"stages": "Keys of all stages, in their new order."},
    "StageMoveManyInput": {"to": "Key of the stage to move to."},
    "FieldDefineInput": {"key": "The name in `customFields`; it never changes."},
    "TokenCreateInput": {"name": "What the token is for.", "scopes": "What the app may do."},
    "StaffUpdateInput": {"active": "Whether this person may sign in; false ends all sessions."},
    "ValueRunCancelInput": {"id": "The run to stop, `run_…`."},
    "DesignationDecideInput": {
        "reviewOn": "When the decision is to be looked at again.",
        "note": "Why it is decided so.",
    },
    "CustomerCreateInput": {
        "kind": "A person or an organisation; PERSON unless said.",
        "displayName": "The name to show, in the customer's own script; made of the other names if left out.",
    },
    "CustomerUpdateInput": {"kind": "A person or an organisation."},
    "CustomerUpsertInput": {"kind": "A person or an organisation; PERSON for a new customer unless said."},
    "CostRecordInput": {
        "amount": "How much, as a decimal string.",
        "activity": "What it was spent on; OTHER unless said.",
        "occurredAt": "When the money was spent; now unless said.",
    },
    "CostUpdateInput": {
        "amount": "How much, as a decimal string.",
        "occurredAt": "When the money was spent.",
        "currency": ISO,
        "exchangeRate": RATE,
    },
    "OrderRecordInput": {
        "placedAt": "When it was placed; now unless said.",
        "amount": "What is to be paid, less discount; a decimal string. The sum of the lines unless said.",
        "listAmount": "The same before discount, as a decimal string; that of the lines, or `amount`, unless said.",
        "refunded": "What was paid back of the amount, as a decimal string; 0 unless said.",
        "reference": "The order's number in that system.",
    },
    "OrderUpdateInput": {
        "amount": "What is to be paid, less discount; a decimal string.",
        "listAmount": "The same before discount, as a decimal string.",
        "refunded": "What was paid back of the amount, all in all; a decimal string.",
        "reference": "The order's number in that system.",
        "currency": ISO,
        "exchangeRate": RATE,
    },
    "InteractionLogInput": {
        "kind": "What it was about, such as CALL or COMPLAINT.",
        "occurredAt": "When it happened; now unless said.",
        "subject": "What it was about, in a few words.",
        "body": "What was said or written, in full.",
    },
    "InteractionCorrectInput": {
        "kind": "What it was about, such as CALL or COMPLAINT.",
        "occurredAt": "When it happened.",
        "subject": "What it was about, in a few words.",
        "body": "What was said or written, in full.",
    },
    "RelationshipCreateInput": {
        "kind": "What the related customer is to this one, such as EMPLOYED_BY.",
        "since": "First day; null when nobody knows it.",
        "until": "Last day; null while it holds.",
    },
    "RelationshipUpdateInput": {
        "since": "First day; null when nobody knows it.",
        "until": "Last day; null while it holds.",
    },
    "ExchangeRatePutInput": {"currency": "The foreign currency (ISO 4217)."},
    "ProductUpdateInput": {"sku": "Its number in the catalogue, unique.", "currency": ISO},
    "ProductCreateInput": {"sku": "Its number in the catalogue, unique."},
}
