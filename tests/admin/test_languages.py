"""The panel speaks English, Persian and Chinese, all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

import pytest
from babel.messages.pofile import read_po
from starlette_admin import DropDown
from starlette_admin.i18n import get_locale, set_locale

from admin import (
    catalogues,
    event_words,
    formats,
    messages,
    period_names,
    preferences,
    resolve_relations,
    run_words,
    views,
    words,
)
from admin.base import RecordView
from admin.readable import readable
from admin.segments.library_words import named
from crm.events import EventType
from crm.goals import GoalState
from crm.ids import PREFIXES
from crm.segments.library_entries import ENTRIES
from crm.value.notices import SENTENCES
from models import DesignationStatus, FieldType, GoalFigure, RatingKind, TransitionCause
from scripts.crm_sentences import sentences
from scripts.panel_messages import missing, their_translations, translated, unspoken
from tests.admin.desk import Desk
from tests.factories import customer

FORM_PLACE = re.compile(r"\{(\w+)\}")
PLACE = re.compile(r"%\(\w+\)[sd]|%d|\{\w+\}")


@pytest.fixture
def persian() -> Iterator[None]:
    before = get_locale()
    catalogues.install()
    set_locale("fa")
    yield
    set_locale(before)


@pytest.mark.parametrize("language", catalogues.LANGUAGES[1:])
def test_every_message_is_translated(language: str) -> None:
    assert missing(language) == []


@pytest.mark.parametrize("language", catalogues.LANGUAGES[1:])
def test_translations_keep_the_places_for_values(language: str) -> None:
    pairs = [(text, said) for text, said in translated(language).items() if isinstance(said, str)]
    wrong = [text for text, said in pairs if set(PLACE.findall(text)) != set(PLACE.findall(said))]
    assert wrong == []


@pytest.mark.parametrize("language", catalogues.LANGUAGES[1:])
def test_hardly_a_sentence_of_the_use_cases_waits_for_its_translation(language: str) -> None:
    """A new sentence may come with the next translation; `scripts/panel_messages.py` names it."""
    assert len(unspoken(language)) <= 0.05 * len(sentences())


@pytest.mark.parametrize("language", catalogues.LANGUAGES[1:])
def test_translated_sentences_keep_the_places_for_values(language: str) -> None:
    with (catalogues.LOCALES / f"problems.{language}.po").open("rb") as file:
        pairs = [(str(each.id), str(each.string)) for each in read_po(file) if each.id]
    extra = [form for form, said in pairs if set(FORM_PLACE.findall(said)) - set(FORM_PLACE.findall(form))]
    assert extra == []


def test_everything_that_happens_has_a_word() -> None:
    assert [each.value for each in EventType if each.value not in event_words.HAPPENED] == []
    assert [noun for noun in PREFIXES if noun not in event_words.NOUNS] == []


@pytest.mark.usefixtures("persian")
@pytest.mark.parametrize(
    ("english", "persian_text"),
    [
        ("displayName is empty; give it a value.", "«نام» خالی است؛ مقداری بنویسید."),
        ("The role 'clerk' exists already.", "نقش «clerk» از پیش هست."),
        ("customFields.x is 'a'; it must be a number.", "مقدار 'a' پذیرفته نیست؛ باید عدد باشد."),
        ("Nobody translated this.", "Nobody translated this."),
    ],
)
def test_a_refusal_reads_in_the_readers_language(english: str, persian_text: str) -> None:
    assert messages.read(english) == persian_text


PERSIAN = re.compile("[\u0600-\u06ff]")


@pytest.mark.usefixtures("persian")
def test_no_field_of_the_panel_is_labelled_in_english() -> None:
    resolve_relations()
    flat = [view for each in views() for view in (each.views if isinstance(each, DropDown) else [each])]
    fields = [(view.key, field) for view in flat if isinstance(view, RecordView) for field in view.fields]
    assert [(key, field.name) for key, field in fields if not PERSIAN.search(str(field.label))] == []


@pytest.mark.usefixtures("persian")
def test_every_notice_of_a_run_has_words_that_hold_its_values() -> None:
    values = {
        "model": "BG_NBD",
        "parameter": "r",
        "correlation": 0.25,
        "days": 90,
        "have": 3,
        "need": 10,
        "period": "ALL",
    }
    told = {**values, "share": 0.5, "margin_rate": 0.3, "reason": "Members at the moment of the run"}
    told |= {"cause": "NO_MAXIMUM", "period": "ALL"}
    sentences = [run_words.said({"code": code, "values": told, "message": code}) for code in (*SENTENCES, "NOT_FITTED")]
    assert all(PERSIAN.search(sentence) and "%(" not in sentence for sentence in sentences)
    assert run_words.said({"code": "SILENT", "values": {"days": 90}}).startswith("۹۰")
    assert "vip" in run_words.said({"code": "SILENT", "values": {"days": 90, "segment": "vip"}})


@pytest.mark.usefixtures("persian")
def test_a_ready_made_segment_reads_in_the_readers_language_and_another_as_it_was_named() -> None:
    assert [named("Champions"), named("Our champions")] == ["قهرمانان", "Our champions"]
    assert named(f"{ENTRIES[0].description} Source: Hughes.").endswith("منبع: Hughes.")


@pytest.mark.usefixtures("persian")
def test_a_change_reads_as_people_read() -> None:
    assert readable(["customer:read", "cost:read"]) == "customer:read، cost:read"
    assert [readable(value) for value in (True, None, {}, "DYNAMIC")] == ["بله", "–", "–", "قاعده‌مند"]
    assert readable("2026-03-21") == "۱ فروردین ۱۴۰۵"


async def test_a_persian_page_runs_from_right_to_left(sara: Desk) -> None:
    await customer("Ali")
    sara.client.cookies.set("language", "fa", domain="crm.test", path="/")
    page = (await sara.get("/customer/list")).text
    head = page.split("<head>")[0]
    assert 'lang="fa"' in head
    assert 'dir="rtl"' in head
    assert "tabler.rtl.min.css" in page
    assert "مشتریان" in page


async def test_the_browsers_language_is_heeded_until_one_is_chosen(sara: Desk) -> None:
    page = await sara.client.get("/admin/customer/list", headers={"Accept-Language": "fa-IR,fa;q=0.9,en;q=0.8"})
    assert 'lang="en"' in page.text  # chosen at the sign-in, from the member's own settings
    sara.client.cookies.delete("language")
    page = await sara.client.get("/admin/customer/list", headers={"Accept-Language": "fa-IR,fa;q=0.9,en;q=0.8"})
    assert 'lang="fa"' in page.text


async def test_choosing_a_language_returns_to_the_page(sara: Desk) -> None:
    answer = await sara.post("/account/preferences", {"language": "zh", "next": "/admin/customer/list?q=a"})
    assert answer.headers["location"] == "/admin/customer/list?q=a"
    assert "客户" in (await sara.get("/customer/list")).text


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/admin", "/elsewhere"])
async def test_choosing_a_language_leads_to_no_other_site(sara: Desk, target: str) -> None:
    answer = await sara.post("/account/preferences", {"language": "zh", "next": target})
    assert answer.headers["location"].endswith("/admin/account")


@pytest.mark.parametrize(
    ("header", "language"),
    [("de,zh-CN;q=0.7", "zh"), ("", "en"), ("*", "en"), ("fa;q=0,en", "en"), ("x;q=abc,fa", "fa")],
)
def test_the_first_language_of_ours_is_taken(header: str, language: str) -> None:
    assert preferences.asked_language(header) == language


@pytest.mark.usefixtures("persian")
def test_persian_days_are_jalali_and_in_persian_digits() -> None:
    assert formats.day(date(2026, 3, 21)) == "۱ فروردین ۱۴۰۵"
    assert formats.number(1234567) == "۱٬۲۳۴٬۵۶۷"


@pytest.mark.usefixtures("persian")
def test_calendar_and_digits_are_a_choice() -> None:
    token = preferences._current.set(preferences.Preferences(calendar="gregorian", digits="latin"))
    try:
        assert formats.day(date(2026, 3, 21)).startswith("21")
    finally:
        preferences._current.reset(token)


def test_money_has_the_decimals_of_its_currency() -> None:
    assert formats.money(Decimal("1234.5"), "USD") == "$1,234.50"
    assert formats.money(Decimal(1234), "JPY") == "¥1,234"
    assert formats.money(None, "USD") == formats.NOTHING


def test_a_moment_long_ago_is_a_day_and_a_recent_one_a_distance() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert formats.ago(datetime(2026, 11, 19, 22, tzinfo=UTC), now) == "2 hours ago"
    assert formats.ago(datetime(2026, 1, 2, tzinfo=UTC), now) == "Jan 2, 2026"


@pytest.mark.parametrize(
    ("grain", "said"),
    [("MONTH", "Apr 2024"), ("QUARTER", "Q2 2024"), ("YEAR", "2024"), ("WEEK", "Apr 1, 2024")],
)
def test_a_period_is_called_as_people_call_it(grain: str, said: str) -> None:
    assert period_names.of(date(2024, 4, 1), grain) == said


def test_a_quarter_has_persian_words_and_digits(persian: None) -> None:
    assert period_names.of(date(2024, 4, 1), "QUARTER") == "سه‌ماههٔ دوم ۲۰۲۴"


@pytest.mark.parametrize("language", catalogues.LANGUAGES[1:])
@pytest.mark.parametrize("kind", [GoalFigure, GoalState, FieldType, DesignationStatus, RatingKind, TransitionCause])
def test_what_staff_choose_among_is_worded_in_their_language(language: str, kind: type[Enum]) -> None:
    said = {**their_translations(language), **translated(language)}
    spoken = {member.value: words.VALUES.get(member.value, member.value.capitalize()) for member in kind}
    assert [value for value, english in spoken.items() if english.replace("_", " ") not in said] == []
