"""Normal forms: what a person typed, reduced to what it means, so that equal things compare equal."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from crm.errors import ValidationFailed

# Letters that keyboards of Arabic, Persian and Urdu give for the same letter.
_LETTERS = str.maketrans(
    {
        "ي": "ی",
        "ى": "ی",
        "ئ": "ی",
        "ك": "ک",
        "ة": "ه",
        "ۀ": "ه",
        "ھ": "ه",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ؤ": "و",
        "ـ": None,  # tatweel only stretches a word
        "\u200c": " ",  # the zero-width non-joiner parts «می‌خواهم», which many write with a space
        "\u200d": None,
        "\u200e": None,
        "\u200f": None,
        "ß": "ss",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ı": "i",
    }
)
_SPACES = re.compile(r"\s+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{2,}")
_MOST_UNSPACED = 40
_CONTROL = {"Cc", "Cs", "Co", "Cn"}
_LINE_BREAKS = {"\n", "\t"}


def normalise(text: str) -> str:
    """The form in which names and searches are compared.

    Compatibility forms, case, accents, vowel signs, letter variants, digits of other scripts and runs of space are
    folded: «علي» and «علی» give the same, as do «José» and «JOSE», «۱۲» and «12».
    """
    if text.isascii() and text.isprintable():
        return _SPACES.sub(" ", text.casefold()).strip()
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    parts = unicodedata.normalize("NFD", folded)
    letters = (_plain(character) for character in parts if unicodedata.category(character) != "Mn")
    return _SPACES.sub(" ", unicodedata.normalize("NFC", "".join(letters)).translate(_LETTERS)).strip()


def inner_beginnings(normalised: str) -> str:
    """Where words may begin inside of text without spaces, as Chinese and Japanese are written: 「北京数据」 gives
    「京数据 数据 据」, so that a search for 「数据」 finds it by a beginning."""
    runs = (run[:_MOST_UNSPACED] for run in _UNSPACED.findall(normalised))
    return " ".join(run[start:] for run in runs for start in range(1, len(run)))


def _plain(character: str) -> str:
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.digit(character))
    return " " if unicodedata.category(character) in _CONTROL else character


def clean(text: str, *, field: str, limit: int, multiline: bool = False) -> str:
    """The text as it is kept: composed, trimmed, without control characters.

    Raises ValidationFailed for a text that is longer than `limit` or holds control characters.
    """
    composed = unicodedata.normalize("NFC", text).strip()
    allowed = _LINE_BREAKS if multiline else set()
    if multiline:
        composed = composed.replace("\r\n", "\n")
    for character in "" if composed.isprintable() else composed:
        if unicodedata.category(character) in _CONTROL and character not in allowed:
            raise ValidationFailed(
                f"{field} holds the control character U+{ord(character):04X}; remove it.", path=(field,)
            )
    if len(composed) > limit:
        raise ValidationFailed(
            f"{field} has {len(composed):,} characters; at most {limit:,} are kept: shorten it.",
            path=(field,),
        )
    return composed


def required(text: str | None, *, field: str, limit: int) -> str:
    """`clean`, for a text that must not be empty."""
    kept = clean(text or "", field=field, limit=limit)
    if not kept:
        raise ValidationFailed(f"{field} is empty; give it a value.", path=(field,))
    return kept


def optional(text: str | None, *, field: str, limit: int) -> str | None:
    """`clean`, where an empty text means none."""
    return (clean(text, field=field, limit=limit) or None) if text is not None else None


def email(text: str, *, field: str = "email") -> str:
    """The normal form of an e-mail address: composed, and in lower case, as mailboxes are told apart in practice."""
    try:
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValidationFailed(f"'{text[:80]}' is not an e-mail address: {error}", path=(field,)) from None
    return checked.normalized.lower()


def phone(text: str, *, country: str | None = None, field: str = "phone") -> str:
    """The E.164 form of a phone number, e.g. +982188001122; a national number needs its country."""
    digits = "".join(_plain(character) for character in unicodedata.normalize("NFKC", text))
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValidationFailed(
            f"'{text[:40]}' is not a phone number; write it with its country code, such as +98 21 8800 1122.",
            path=(field,),
        )
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
