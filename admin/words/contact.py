"""Words of interactions and follow-ups."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "direction": _("Direction"),
    "body": _("What was said"),
    "outcome": _("Outcome"),
    "sentiment": _("Sentiment"),
    "rating_kind": _("Rating scale"),
    "rating": _("Rating"),
    "duration_seconds": _("Duration (seconds)"),
    "answer_due_at": _("Answer due"),
    "answered_at": _("Answered"),
    "due_at": _("Due"),
    "evaluated_version": _("Evaluated for version"),
    "closed_at": _("Closed"),
    "attribute_ratings": _("Ratings of single things"),
    "contact_breadth": _("Persons in contact"),
    "ease": _("Ease"),
    "promises_kept": _("Promises kept"),
    "satisfaction": _("Satisfaction"),
    "top_contact_share": _("Share of the main contact"),
}

VALUES = {
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
    "POSITIVE": _("Positive"),
    "NEUTRAL": _("Neutral"),
    "NEGATIVE": _("Negative"),
    "NPS": _("NPS (0–10)"),
    "CSAT": _("CSAT (1–5)"),
    "CES": _("CES (1–7)"),
}
