"""Everything that passed between the organisation and a customer, as one list, newest first, page by page."""

from crm.timeline.pages import Entry, Filter, Page, page, readable
from crm.timeline.sources import EntryKind

__all__ = ["Entry", "EntryKind", "Filter", "Page", "page", "readable"]
