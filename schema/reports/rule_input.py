"""A rule as input: as tree or as text."""

import strawberry

from crm.errors import ValidationFailed


def chosen_rule(rule: object, rule_text: object) -> dict[str, object] | str:
    """The rule of an input that takes it as tree or as text, but not as both."""
    given = [one for one in (rule, rule_text) if one not in (None, strawberry.UNSET)]
    if len(given) != 1:
        raise ValidationFailed("Give the rule either as `rule` or as `ruleText`.", path=("rule",))
    found = given[0]
    assert isinstance(found, dict | str)
    return found
