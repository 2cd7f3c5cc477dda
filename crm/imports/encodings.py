"""Which encoding a text file is in: told by a mark, or by how its bytes follow each other."""

from __future__ import annotations

import codecs
import re

from crm.errors import ValidationFailed

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SEEN = 1_000_000
"""Bytes that are looked at to tell one code page from another."""

_HIGH = re.compile(rb"[\x80-\xff]+")
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a]")


def decode(data: bytes, encoding: str = "") -> tuple[str, str]:
    """The text of a file and the name of its encoding: the one that is given, else one that fits.

    Raises ValidationFailed for what is no text, or not in the encoding that was given.
    """
    if encoding:
        return _as_said(data, encoding), encoding
    for name in candidates(data):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if _BINARY.search(text[:4096]):
            break
        return text, name
    if b"\0" in data[:4096]:
        raise _unusable("This is no text file; export it as CSV, in UTF-8.")
    raise _unusable("The file's encoding is not known; save it as CSV in UTF-8.")


def _as_said(data: bytes, encoding: str) -> str:
    try:
        return data.decode("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)
    except (LookupError, UnicodeError):
        raise ValidationFailed(
            f"The file cannot be read as '{encoding[:40]}'; name its encoding, such as utf-8, cp1252 or gb18030.",
            path=("encoding",),
        ) from None


def candidates(data: bytes) -> tuple[str, ...]:
    """The encodings to try, the likeliest first."""
    marked = next((name for mark, name in MARKS if data.startswith(mark)), None)
    if marked:
        return (marked,)
    zeros = [place % 2 for place, byte in enumerate(data[:4096]) if byte == 0]
    if zeros:
        return ("utf-16-le",) if all(zeros) else ("utf-16-be",) if not any(zeros) else ()
    return ("utf-8", *code_pages(data[:SEEN]))


def code_pages(data: bytes) -> tuple[str, ...]:
    """The code pages of Windows that text outside of ASCII may be in, the likeliest first.

    Western letters with marks stand alone among plain ones; Chinese characters are pairs of bytes, of which the first
    nearly always names a frequent character; what is left is Arabic script, whose words are runs of any length.
    """
    runs = [found[0] for found in _HIGH.finditer(data)]
    single = sum(len(run) == 1 for run in runs)
    if single * 2 > len(runs):
        return ("cp1252", "cp1256")
    firsts = [byte for run in runs for byte in run[::2]]
    frequent = sum(0xA1 <= byte <= 0xD7 for byte in firsts)
    if frequent * 5 >= len(firsts) * 4 and sum(len(run) % 2 for run in runs) * 10 <= len(runs):
        return ("gb18030", "cp1256")
    return ("cp1256", "cp1252")


def _unusable(message: str) -> ValidationFailed:
    return ValidationFailed(message, path=("file",))
