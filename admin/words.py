"""The panel's words for fields and for the values of enums; `_` only marks them, reading translates them."""

from __future__ import annotations

from enum import Enum
from typing import Any, cast

from babel.support import LazyProxy
from starlette_admin.i18n import gettext


def _(message: str) -> str:
    return message


LABELS: dict[str, str] = {
    "id": _("ID"),
    "created_at": _("Created"),
    "updated_at": _("Changed"),
    "version": _("Version"),
    "kind": _("Kind"),
    "display_name": _("Name"),
    "given_name": _("Given name"),
    "family_name": _("Family name"),
    "organization_name": _("Organisation name"),
    "sort_name": _("Sorted as"),
    "language": _("Language"),
    "country": _("Country"),
    "city": _("City"),
    "time_zone": _("Time zone"),
    "birthday": _("Birthday"),
    "owner": _("Owner"),
    "acquisition_source": _("Source"),
    "acquisition_channel": _("Acquisition channel"),
    "acquired_at": _("Acquired"),
    "custom_fields": _("Custom fields"),
    "archived_at": _("Archived"),
    "identities": _("Identities"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "stage": _("Stage"),
    "clv": _("Lifetime value"),
    "rfm_group": _("RFM group"),
    "sku": _("SKU"),
    "name": _("Name"),
    "category": _("Category"),
    "list_price": _("List price"),
    "unit_cost": _("Unit cost"),
    "currency": _("Currency"),
    "customer": _("Customer"),
    "source": _("Source system"),
    "reference": _("Reference"),
    "status": _("Status"),
    "placed_at": _("Placed"),
    "amount": _("Amount"),
    "list_amount": _("Before discount"),
    "refunded": _("Refunded"),
    "cost_of_goods": _("Cost of goods"),
    "exchange_rate": _("Exchange rate"),
    "base_amount": _("In base currency"),
    "channel": _("Channel"),
    "quantity": _("Quantity"),
    "activity": _("Activity"),
    "occurred_at": _("When"),
    "note": _("Note"),
    "direction": _("Direction"),
    "staff": _("Staff member"),
    "subject": _("Subject"),
    "body": _("What was said"),
    "outcome": _("Outcome"),
    "sentiment": _("Sentiment"),
    "rating_kind": _("Rating scale"),
    "rating": _("Rating"),
    "duration_seconds": _("Duration (seconds)"),
    "cost": _("Cost"),
    "cost_currency": _("Cost currency"),
    "answer_due_at": _("Answer due"),
    "answered_at": _("Answered"),
    "related": _("Related to"),
    "since": _("Since"),
    "until": _("Until"),
    "due_at": _("Due"),
    "closed_at": _("Closed"),
    "figure": _("Figure"),
    "baseline": _("From where"),
    "target": _("To where"),
    "starts_on": _("Starts"),
    "due_on": _("Due"),
    "day": _("From the day"),
    "rate": _("Rate"),
    "key": _("Key"),
    "description": _("Description"),
    "rule_text": _("Rule"),
    "size": _("Members"),
    "evaluated_at": _("Evaluated"),
    "evaluation_error": _("Evaluation error"),
    "entered_at": _("Entered"),
    "exited_at": _("Left"),
    "entry_cause": _("Why it entered"),
    "exit_cause": _("Why it left"),
    "segment": _("Segment"),
    "lifecycle": _("Lifecycle"),
    "position": _("Position"),
    "is_initial": _("First stage"),
    "is_default": _("Default"),
    "target_days": _("Target days"),
    "from_stage": _("From"),
    "to_stage": _("To"),
    "dwell_seconds": _("Stayed (seconds)"),
    "cause": _("Cause"),
    "reason": _("Reason"),
    "actor_label": _("By"),
    "actor_kind": _("Kind of actor"),
    "requires_reason": _("Needs a reason"),
    "automatic": _("Automatic"),
    "guard_text": _("Guard"),
    "required_scope": _("Required scope"),
    "first_stage": _("First stage"),
    "run": _("Run"),
    "as_of": _("As of"),
    "model": _("Model"),
    "customers": _("Customers"),
    "horizon_days": _("Horizon (days)"),
    "discount_rate": _("Discount rate"),
    "margin_basis": _("Margin basis"),
    "diagnostics": _("Diagnostics"),
    "parameters": _("Parameters"),
    "warnings": _("Warnings"),
    "error": _("Error"),
    "progress": _("Progress"),
    "published_at": _("Published"),
    "finished_at": _("Finished"),
    "is_current": _("Current"),
    "recency_days": _("Days since last order"),
    "frequency": _("Frequency"),
    "monetary": _("Average spend"),
    "orders": _("Orders"),
    "revenue": _("Revenue"),
    "net_profit": _("Net profit"),
    "gross_margin": _("Gross margin"),
    "p_alive": _("P(alive)"),
    "churn_risk": _("Churn risk"),
    "next_order_on": _("Next order"),
    "value_tier": _("Value tier"),
    "matrix_cell": _("Profitability cell"),
    "type": _("Type"),
    "noun": _("Noun"),
    "noun_id": _("Record"),
    "data": _("Data"),
    "action": _("Action"),
    "changes": _("Changes"),
    "request_id": _("Request"),
    "file_name": _("File"),
    "rows_read": _("Rows read"),
    "rows_created": _("Created rows"),
    "rows_updated": _("Updated rows"),
    "rows_unchanged": _("Unchanged rows"),
    "rows_refused": _("Refused rows"),
    "refused": _("Refused rows"),
    "mapping": _("Mapping"),
    "label": _("Label"),
    "labels": _("Labels by language"),
    "choices": _("Choices"),
    "required": _("Required"),
    "searchable": _("Searchable"),
    "value": _("Value"),
    "role": _("Role"),
    "scopes": _("Scopes"),
    "built_in": _("Built in"),
    "locale": _("Language"),
    "active": _("Active"),
    "last_login_at": _("Last sign-in"),
    "password": _("Password"),
    "last_four": _("Ends in"),
    "created_by": _("Created by"),
    "expires_at": _("Expires"),
    "revoked_at": _("Revoked"),
    "last_used_at": _("Last used"),
    "last_used_address": _("Last address"),
}

VALUES: dict[str, str] = {
    "PERSON": _("Person"),
    "ORGANIZATION": _("Organisation"),
    "EMAIL": _("E-mail"),
    "PHONE": _("Phone"),
    "EXTERNAL": _("External reference"),
    "EMPLOYED_BY": _("Employed by"),
    "PARENT_COMPANY": _("Parent company"),
    "REFERRED_BY": _("Referred by"),
    "INFLUENCES": _("Influences"),
    "PARTNER": _("Partner"),
    "SUPPLIER": _("Supplier"),
    "CHAT": _("Chat"),
    "VISIT": _("Visit"),
    "WEB": _("Web"),
    "SOCIAL": _("Social media"),
    "POST": _("Post"),
    "EVENT": _("Event"),
    "INBOUND": _("From the customer"),
    "OUTBOUND": _("To the customer"),
    "CALL": _("Call"),
    "COMPLAINT": _("Complaint"),
    "FEEDBACK": _("Feedback"),
    "SURVEY": _("Survey"),
    "IDEA": _("Idea"),
    "NOTE": _("Note"),
    "POSITIVE": _("Positive"),
    "NEUTRAL": _("Neutral"),
    "NEGATIVE": _("Negative"),
    "NPS": _("NPS (0–10)"),
    "CSAT": _("CSAT (1–5)"),
    "CES": _("CES (1–7)"),
    "OPEN": _("Open"),
    "WON": _("Won"),
    "LOST": _("Lost"),
    "MANUAL": _("By hand"),
    "AUTOMATIC": _("Automatic"),
    "IMPORT": _("Import"),
    "MERGED": _("Merge"),
    "STAGE_REMOVED": _("Stage removed"),
    "DATA_CHANGED": _("Data changed"),
    "RULE_CHANGED": _("Rule changed"),
    "TIME_PASSED": _("Time passed"),
    "PLACED": _("Placed"),
    "COMPLETED": _("Completed"),
    "CANCELLED": _("Cancelled"),
    "REFUNDED": _("Refunded"),
    "ACQUISITION": _("Acquisition"),
    "SERVICE": _("Service"),
    "DELIVERY": _("Delivery"),
    "RETURN": _("Return"),
    "CASE": _("Case"),
    "MARKETING": _("Marketing"),
    "OTHER": _("Other"),
    "TEXT": _("Text"),
    "NUMBER": _("Number"),
    "MONEY": _("Amount"),
    "CODE": _("Key"),
    "ENUM": _("Choice"),
    "TIME": _("Time"),
    "ID": _("ID"),
    "BOOLEAN": _("Yes or no"),
    "DATE": _("Date"),
    "CHOICE": _("Choice"),
    "DROPPED": _("Dropped"),
    "IDLE": _("Resting"),
    "RETENTION": _("Retention"),
    "CHURN": _("Churn"),
    "ANSWERED_ON_TIME": _("Answered on time"),
    "FUNNEL_CONVERSION": _("Conversion to a stage"),
    "STAGE_SIZE": _("Customers in a stage"),
    "SEGMENT_SIZE": _("Customers in a segment"),
    "AVERAGE_CLV": _("Average lifetime value"),
    "TOTAL_CLV": _("Total lifetime value"),
    "DATA_QUALITY": _("Data quality"),
    "RUNNING": _("Running"),
    "DONE": _("Done"),
    "FAILED": _("Failed"),
    "STATIC": _("Hand-picked"),
    "DYNAMIC": _("By rule"),
    "SNAPSHOT": _("Frozen"),
    "CUSTOMERS": _("Customers"),
    "ORDERS": _("Orders"),
    "INTERACTIONS": _("Interactions"),
    "PARETO_NBD": _("Pareto/NBD"),
    "MBG_NBD": _("MBG/NBD"),
    "BG_NBD": _("BG/NBD"),
    "CHAMPION": _("Champions"),
    "LOYAL": _("Loyal"),
    "POTENTIAL_LOYALIST": _("Potential loyalists"),
    "NEW": _("New"),
    "PROMISING": _("Promising"),
    "NEEDS_ATTENTION": _("Need attention"),
    "ABOUT_TO_SLEEP": _("About to sleep"),
    "AT_RISK": _("At risk"),
    "CANNOT_LOSE": _("Cannot lose"),
    "HIBERNATING": _("Hibernating"),
    "CARRIAGE_TRADE": _("Carriage trade"),
    "PASSIVE": _("Passive"),
    "AGGRESSIVE": _("Aggressive"),
    "BARGAIN_BASEMENT": _("Bargain basement"),
    "PUBLISHED": _("Published"),
    "RETIRED": _("Retired"),
    "COSTS": _("Recorded costs"),
    "RATE": _("A fixed margin"),
    "MIXED": _("Recorded costs and a fixed margin"),
    "AUTO": _("The best by holdout"),
}


NAMES = (
    _("Suspect"),
    _("Prospect"),
    _("First-time buyer"),
    _("Repeat buyer"),
    _("Client"),
    _("Advocate"),
    _("Partner"),
    _("Dormant"),
    _("Lost"),
    _("Customer lifecycle"),
    _("Administrator"),
    _("Manager"),
    _("Agent"),
    _("Viewer"),
)
"""What the product itself names in the data: the stages of the default lifecycle, the built-in roles."""


class Label(LazyProxy):
    """A text that is translated when it is read; imports look columns up by it."""

    def __hash__(self) -> int:
        return hash(self.value)


def label(name: str) -> str:
    """The label of a field in the reader's language."""
    return cast("str", Label(gettext, LABELS.get(name, name.replace("_", " ").capitalize()), enable_cache=False))


def value(member: Any) -> str:
    """An enum's value in the reader's language."""
    plain = str(member.value if isinstance(member, Enum) else member)
    return gettext(VALUES.get(plain, plain.replace("_", " ").capitalize()))


INVERSE = {
    "EMPLOYED_BY": _("Employs"),
    "PARENT_COMPANY": _("Subsidiary"),
    "REFERRED_BY": _("Referred"),
    "INFLUENCES": _("Influenced by"),
    "SUPPLIER": _("Supplied by"),
}


def inverse(kind: Any) -> str:
    """What a relationship is called from its other end."""
    plain = str(kind.value if isinstance(kind, Enum) else kind)
    return gettext(INVERSE[plain]) if plain in INVERSE else value(plain)


def name(text: str) -> str:
    """What the data calls something, in the reader's language where the product itself named it."""
    return gettext(text) if text else text


def listed(parts: list[str]) -> str:
    """Several things in one line."""
    return gettext(", ").join(parts)


def options(enum: type[Enum]) -> list[tuple[str, str]]:
    return [(str(member.value), value(member)) for member in enum]


def yes_or_no(truth: bool) -> str:
    return gettext("Yes") if truth else gettext("No")
