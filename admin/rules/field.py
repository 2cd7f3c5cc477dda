"""A form's field for a rule: a box for its text that the editor takes over in the browser."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette_admin import RequestAction

from admin.fields import LongText
from admin.theme import asset


@dataclass
class RuleText(LongText):
    """The text of a rule; `shows` says what is tried while somebody writes: NOTHING, PREVIEW or DIFFERENCE."""

    form_template: str = "fields/rule_form.html"
    detail_template: str = "fields/rule.html"
    rows: int = 6
    shows: str = "PREVIEW"

    def additional_js_links(self, request: Request) -> list[str]:
        if not request.state.action.is_form():
            return []
        return [asset(request, f"js/{name}") for name in ("rule_form.js", "rule_editor.js")]

    def additional_css_links(self, request: Request) -> list[str]:
        return [asset(request, "css/rules.css")]

    def tried(self, request: Request) -> str:
        """A segment that is not there yet has no members to compare."""
        new = request.state.action == RequestAction.CREATE
        return "PREVIEW" if new and self.shows == "DIFFERENCE" else self.shows
