"""Descriptions of the parts that all filters and orders are made of."""

from __future__ import annotations

OPERATORS: dict[str, str] = {
    "eq": "Equal to this.",
    "ne": "Not equal to this; rows without a value fit too.",
    "in": "One of these; not empty.",
    "notIn": "None of these; rows without a value fit too.",
    "lt": "Below this.",
    "lte": "This or below.",
    "gt": "Above this.",
    "gte": "This or above.",
    "between": "From the first to the second, both included.",
    "contains": "Has this in it; capitals and accents do not matter.",
    "startsWith": "Begins with this.",
    "endsWith": "Ends with this.",
    "isEmpty": "true: has no value; false: has one.",
    "within": "In this stretch of time, such as `{last: 90, unit: DAY}`.",
    "anniversary": "The day of the year falls in this stretch of time, such as `{next: 7, unit: DAY}`.",
    "of": "Key of the lifecycle; the default one if left out.",
    "field": "Which field of the rows.",
    "where": "Only rows that fit this.",
}

ROWS: dict[str, str] = {
    "some": "At least one row fits; {} for any row at all.",
    "none": "No row fits; {} for no rows at all.",
    "every": "All rows fit, and there may be none.",
    "count": "How many rows there are, compared with a number.",
    "window": "Only rows of this stretch of time, such as `{last: 90, unit: DAY}`.",
    "sum": "A figure added up over the rows.",
    "avg": "The mean of a figure over the rows.",
    "min": "The least of a figure.",
    "max": "The greatest of a figure.",
    "first": "A figure of the earliest row.",
    "last": "A figure of the latest row.",
}

LOGIC: dict[str, str] = {
    "AND": "All of these hold; not empty.",
    "OR": "At least one of these holds; not empty.",
    "NOT": "This does not hold.",
}

SORT: dict[str, str] = {
    "field": "What to order by.",
    "direction": "Which end comes first.",
    "nulls": "Where rows without a value stand.",
    "key": "The key of the custom field, for CUSTOM_FIELD.",
}

WORDS: dict[str, dict[str, str]] = {
    "CustomerWhere": {
        "stage": "The stage, by key, in the default lifecycle or in the one that `of` names.",
        "stageSince": "When the customer came into its stage.",
        "timeInStage": "How long it has been there, such as `{gte: {span: 30, unit: DAY}}`.",
        "owner": "The staff member responsible fits.",
        "referrals": "The customers that it brought.",
        "orderLines": "Lines of its orders.",
        "stageMoves": "Its moves in lifecycles.",
        "designations": "Its strategic designations.",
        "valueMetrics": "Its figures of the current value run fit.",
        "customFields": "Custom fields fit, each by its key.",
        "segment": "It is in a segment, or was.",
        "everInStage": "It has been in a stage at some time.",
    },
    "SegmentWhere": {
        "key": "The segment's key.",
        "at": "Was in it at this moment.",
        "ever": "true: has been in it at some time.",
        "entered": "Came in within this stretch of time.",
        "left": "Went out within this stretch of time.",
    },
    "EverInStageWhere": {"key": "The stage's key.", "of": "The lifecycle's key; the default one if left out."},
    "AttributeNumberComparison": {"of": "Name of the single thing that was rated."},
    "InteractionWhere": {"attributeRatings": "The rating, 1 to 10, of the single thing that `of` names."},
    "StageMoveWhere": {"lifecycle": "Key of the lifecycle.", "fromStage": "Key of the stage left.",
                       "toStage": "Key of the stage entered."},
}  # fmt: skip

NOUNS: dict[str, str] = {
    "CustomerWhere": "Customer",
    "StaffWhere": "StaffMember",
    "StageMoveWhere": "StageTransition",
    "StageMoveRows": "StageTransition",
}
"""The records that filters are about, where the name does not say it."""

CHANGED: dict[str, str] = {
    "InteractionLogInput": "Interaction",
    "InteractionFollowUpInput": "FollowUp",
    "InteractionCorrectInput": "Interaction",
    "OrderRecordInput": "Order",
    "CostRecordInput": "CostEntry",
    "CostUpdateInput": "CostEntry",
    "StaffCreateInput": "StaffMember",
    "StaffUpdateInput": "StaffMember",
    "FollowUpCloseInput": "FollowUp",
    "FieldDefineInput": "FieldDefinition",
    "FieldUpdateInput": "FieldDefinition",
    "StageInput": "Stage",
    "StageUpdateInput": "Stage",
    "LifecycleRenameInput": "Lifecycle",
    "ExchangeRatePutInput": "ExchangeRate",
    "OrganizationUpdateInput": "OrganizationChoices",
    "TokenCreateInput": "ApiToken",
    "WebhookEndpointCreateInput": "WebhookEndpoint",
    "WebhookEndpointUpdateInput": "WebhookEndpoint",
    "IdentityFields": "Identity",
}
"""The records that inputs are about, where the name does not say it."""
