"""Normal forms make equal what people mean as equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import codes, text
from crm.errors import ValidationFailed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("علي", "علی"),  # an Arabic yeh for a Persian one
        ("كريم", "کریم"),  # an Arabic kaf
        ("۱۲۳٤٥", "12345"),  # Persian and Arabic digits
        ("می‌خواهم", "می خواهم"),  # the zero-width non-joiner
        ("مُحَمَّد", "محمد"),  # vowel signs
        ("José", "JOSE"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("ＡＢＣ １２", "abc 12"),  # full-width letters of Chinese keyboards
        ("  two\u00a0 words\n", "two words"),
    ],
)
def test_what_means_the_same_has_one_normal_form(typed: str, kept: str) -> None:
    assert text.normalise(typed) == text.normalise(kept)


def test_different_names_stay_different() -> None:
    assert len({text.normalise(name) for name in ["Ali", "Alia", "علی", "王伟", "王維"]}) == 5


@given(st.text(max_size=60))
def test_a_normal_form_is_its_own_normal_form(typed: str) -> None:
    once = text.normalise(typed)
    assert text.normalise(once) == once


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("Ali.Reza@Example.COM ", "ali.reza@example.com"), ("نامه@مثال.ایران", "نامه@مثال.ایران")],
)
def test_an_email_is_kept_in_lower_case(typed: str, kept: str) -> None:
    assert text.email(typed) == kept


@pytest.mark.parametrize("typed", ["ali", "ali@", "a b@c.d", "a@b", "@example.com", "a@b..com"])
def test_what_is_no_email_is_refused_by_name(typed: str) -> None:
    with pytest.raises(ValidationFailed, match="is not an e-mail address") as refused:
        text.email(typed)
    assert refused.value.path == ("email",)


@pytest.mark.parametrize("typed", ["۰۲۱ ۸۸۰۰ ۱۱۲۲", "021-88001122", "+98 21 8800 1122", "0098 21 88001122"])
def test_a_phone_number_is_kept_in_its_international_form(typed: str) -> None:
    assert text.phone(typed, country="IR") == "+982188001122"


@pytest.mark.parametrize("typed", ["12", "hello", "021 8800 1122", "+999999999999999999"])
def test_a_phone_number_without_country_or_sense_is_refused(typed: str) -> None:
    with pytest.raises(ValidationFailed, match="write it with its country code"):
        text.phone(typed)


def test_control_characters_and_long_texts_are_refused_with_what_is_wrong() -> None:
    with pytest.raises(ValidationFailed, match=r"U\+0000"):
        text.clean("a\x00b", field="name", limit=10)
    with pytest.raises(ValidationFailed, match="10,000 characters"):
        text.clean("x" * 10_000, field="name", limit=300)


def test_an_unknown_code_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ValidationFailed, match=r"Did you mean 'Asia/Tehran'\?"):
        codes.time_zone("Asia/Teheran")
    with pytest.raises(ValidationFailed, match="ISO 4217"):
        codes.currency("XQQ")
    assert codes.country("ir") == "IR"
    assert codes.language("zh_Hant") == "zh-Hant"
