"""What can be asked about a rule while it is being written: completion, both forms, what is wrong with it."""

from typing import cast

import strawberry
from strawberry.scalars import JSON

from crm.segments import completing
from schema.reports.locales import known_locale
from schema.reports.rule_input import chosen_rule
from schema.reports.support import Info, actor, report, told
from schema.scalars import Rule


@strawberry.type(description="Something that can come next in a rule.")
class RuleSuggestion:
    kind: str = strawberry.field(description="FIELD, RELATION, VERB, OPERATOR, VALUE, WINDOW or WORD.")
    text: str = strawberry.field(description="What stands in the rule when it is chosen.")
    label: str = strawberry.field(description="What people call it.")
    detail: str = strawberry.field(description="More about it, such as a field's type and unit.")


@strawberry.type(description="What can replace the characters of a rule's text from `start` up to `end`.")
class RuleCompletion:
    start: int
    end: int
    suggestions: list[RuleSuggestion]


@strawberry.type(description="One thing that is wrong with a rule.")
class RuleFault:
    code: str
    message: str
    path: list[str] = strawberry.field(description="Where in the tree form.")
    line: int | None = strawberry.field(description="Where in the text, from 1; null for a rule given as a tree.")
    column: int | None
    missing_scope: str | None


@strawberry.type(description="A rule in both forms, with everything that is wrong with it.")
class RuleReading:
    rule: JSON | None = strawberry.field(description="As a tree; null when it cannot be read.")
    rule_text: str
    faults: list[RuleFault]


@strawberry.type
class SegmentRuleReports:
    @report("What can stand at a cursor (in characters from 0) of a rule's text. Needs segment:read.")
    async def segment_rule_completion(
        self, info: Info, rule_text: str, cursor: int, locale: str = "en"
    ) -> RuleCompletion:
        found = await completing.suggest(
            actor(info), rule_text, cursor, locale=known_locale(locale), now=info.context.now
        )
        return told(RuleCompletion, found, suggestions=[told(RuleSuggestion, one) for one in found.suggestions])

    @report("A rule in both forms, and what is wrong with it; nothing is looked up. Needs segment:read.")
    async def segment_rule(
        self, info: Info, rule: Rule | None = None, rule_text: str | None = None, for_segment: str | None = None
    ) -> RuleReading:
        chosen = chosen_rule(rule, rule_text)
        found = await completing.read(actor(info), chosen, now=info.context.now, key=for_segment)
        return RuleReading(
            rule=cast(JSON | None, found.rule),
            rule_text=found.text,
            faults=[told(RuleFault, one, path=list(one.path)) for one in found.faults],
        )
