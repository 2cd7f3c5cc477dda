"""Descriptions of types."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "Query": "Everything that can be read; one statement for each compiled field, all from one snapshot.",
    "Mutation": "Everything that can be changed: one field for each intent, one transaction each, in their order.",
    "Subscription": "What one is told of as soon as it happens, by WebSocket or server-sent events.",
    "TransitionMatrix": "How customers moved between stages.",
    "LifecycleForecast": "Where customers will go if the moves of a period go on.",
    "ForecastShare": "A final stage and the chance of ending there.",
    "ChurnGroup": "Who was lost of one group.",
    "StaffDay": "What a staff member has to do.",
    "ServingContact": "A staff member who serves a customer.",
    "GoalProgress": "How far a goal is.",
    "CustomerNetwork": "Customers around one, and how they are connected.",
    "SatisfactionDrivers": "What a score hangs on.",
    "SatisfactionDriver": "One thing that a score hangs on.",
    "ComplaintGroup": "Complaints of one group in one period.",
    "DataQualityGroup": "The quality of the data of one group.",
    "PreviewCustomer": "A customer that a rule finds.",
    "FilterCatalog": "Everything that rules can speak of.",
    "SegmentPoint": "A segment on one day.",
    "SegmentStage": "Members of a segment by stage.",
}

CHANGES: dict[str, str] = {
    "Payload": "What came of it: the record as it is afterwards, or the problems that kept it from happening.",
    "CreateInput": "What is to be made.",
    "RecordInput": "What is to be recorded.",
    "LogInput": "What is to be noted.",
    "UpdateInput": "What is to change: a field left out stays as it is, null empties it.",
    "CorrectInput": "What is to change: a field left out stays as it is, null empties it.",
    "CustomerUpsertInput": "A customer as another system knows it: found by its identities and updated, or made.",
    "CustomerMergeInput": "Duplicates, and the customer that they become part of.",
    "FollowUpCloseInput": "A follow-up that is done or dropped.",
    "SegmentLibraryInstallInput": "Segments of the library to make.",
    "StageMoveInput": "A customer, and the stage that it is to go to.",
    "LifecycleRenameInput": "A lifecycle and its new name.",
    "LifecycleImportInput": "A lifecycle's file.",
    "LifecycleRevertInput": "The definition to go back to.",
    "FieldDefineInput": "A custom field to be made.",
    "WebhookEndpointRotateSecretInput": "A webhook that is to sign with a new secret.",
    "TokenRotateInput": "A token to be replaced by a new one with the same rights.",
    "ExchangeRatePutInput": "A rate that holds from a day on.",
    "ValueRecomputeInput": "Which moment to value customers as of.",
    "ValueRunCancelInput": "A run to stop.",
    "DesignationDecideInput": "A decision about a proposal.",
}
"""By the end of the name; a whole name goes before its end."""
