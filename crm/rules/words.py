"""What operators, verbs and the other words of rules are called by people, in English, Persian and Chinese."""

from __future__ import annotations

from crm.rules.fields import Label
from crm.rules.tree import Function, Operator, Quantifier

OPERATORS: dict[Operator, Label] = {
    Operator.EQ: Label("is", "برابر است با", "等于"),
    Operator.NE: Label("is not", "برابر نیست با", "不等于"),
    Operator.LT: Label("is less than", "کمتر است از", "小于"),
    Operator.LTE: Label("is at most", "حداکثر است", "不大于"),
    Operator.GT: Label("is more than", "بیشتر است از", "大于"),
    Operator.GTE: Label("is at least", "حداقل است", "不小于"),
    Operator.IN: Label("is one of", "یکی است از", "属于"),
    Operator.NOT_IN: Label("is none of", "هیچ‌یک نیست از", "不属于"),
    Operator.BETWEEN: Label("is between", "میان است", "介于"),
    Operator.CONTAINS: Label("contains", "دربردارد", "包含"),
    Operator.STARTS_WITH: Label("starts with", "آغاز می‌شود با", "开头是"),
    Operator.ENDS_WITH: Label("ends with", "پایان می‌یابد با", "结尾是"),
    Operator.IS_EMPTY: Label("is empty", "خالی است", "为空"),
    Operator.WITHIN: Label("lies within", "در بازه است", "在时段内"),
    Operator.ANNIVERSARY: Label("has its anniversary within", "سالگردش در بازه است", "周年日在时段内"),
}
NOT_EMPTY = Label("is not empty", "خالی نیست", "不为空")

VERBS: dict[str, Label] = {
    Quantifier.SOME: Label("at least one", "دست‌کم یکی", "至少有一个"),
    Quantifier.NONE: Label("not one", "هیچ‌یک", "一个也没有"),
    Quantifier.EVERY: Label("every one", "همه", "全部"),
    Function.COUNT: Label("number", "تعداد", "数量"),
    Function.SUM: Label("sum", "جمع", "合计"),
    Function.AVG: Label("average", "میانگین", "平均"),
    Function.MIN: Label("least", "کمترین", "最小"),
    Function.MAX: Label("greatest", "بیشترین", "最大"),
    Function.FIRST: Label("first", "نخستین", "最早"),
    Function.LAST: Label("last", "آخرین", "最近"),
}

JOINING: dict[str, Label] = {
    "and": Label("and", "و", "并且"),
    "or": Label("or", "یا", "或者"),
}
BEGINNING: dict[str, Label] = {"not": Label("not", "نه", "非")}
MEMBERSHIP: dict[str, Label] = {
    "in segment": Label("is in the segment", "در بخش است", "在分群中"),
    "ever in segment": Label("was ever in the segment", "زمانی در بخش بوده است", "曾在分群中"),
    "entered segment": Label("entered the segment", "وارد بخش شده است", "进入过分群"),
    "left segment": Label("left the segment", "از بخش بیرون رفته است", "离开过分群"),
    "ever in stage": Label("was ever in the stage", "زمانی در مرحله بوده است", "曾处于阶段"),
}

WINDOWS: dict[str, Label] = {
    "last 7 days": Label("the last 7 days", "۷ روز گذشته", "最近 7 天"),
    "last 30 days": Label("the last 30 days", "۳۰ روز گذشته", "最近 30 天"),
    "last 90 days": Label("the last 90 days", "۹۰ روز گذشته", "最近 90 天"),
    "last 12 months": Label("the last 12 months", "۱۲ ماه گذشته", "最近 12 个月"),
    "next 7 days": Label("the next 7 days", "۷ روز آینده", "未来 7 天"),
    "next 30 days": Label("the next 30 days", "۳۰ روز آینده", "未来 30 天"),
    "this week": Label("this week", "این هفته", "本周"),
    "this month": Label("this month", "این ماه", "本月"),
    "this quarter": Label("this quarter", "این فصل", "本季度"),
    "this year": Label("this year", "امسال", "今年"),
    "previous month": Label("the month before", "ماه پیش", "上月"),
    "previous year": Label("the year before", "سال پیش", "去年"),
}
MOMENTS: dict[str, Label] = {
    "now": Label("now", "اکنون", "现在"),
    "today": Label("today", "امروز", "今天"),
    "7 days ago": Label("7 days ago", "۷ روز پیش", "7 天前"),
    "30 days ago": Label("30 days ago", "۳۰ روز پیش", "30 天前"),
    "90 days ago": Label("90 days ago", "۹۰ روز پیش", "90 天前"),
}
TRUTHS: dict[str, Label] = {"true": Label("yes", "بله", "是"), "false": Label("no", "خیر", "否")}
