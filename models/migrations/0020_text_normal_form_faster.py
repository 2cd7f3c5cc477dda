"""The normal form of text again, with short ways for what most values are: plain Latin, Persian and Chinese letters."""

from importlib import import_module

from tortoise import migrations
from tortoise.migrations import operations as ops

_SLOW = import_module("models.migrations.0002_text_normal_form")

# Nothing becomes of these but small letters: ASCII, Persian letters as Persian keyboards give them, Chinese ideographs.
# None of them has a compatibility form, a mark, or another letter that it could be composed with.
PLAIN = r" -~\u0621\u0627\u0628\u062A-\u063A\u0641\u0642\u0644-\u0648\u067E\u0686\u0698\u06A9\u06AF\u06CC\u4E00-\u9FFF"
# These are other spellings of the same letters, Persian digits, and what is dropped or a space.
VARIANTS = r"\u0622-\u0626\u0629\u0640\u0643\u0649\u064A\u06BE\u06C0\u06F0-\u06F9\u200C-\u200F"
FROM = "".join(map(chr, [*_SLOW.LETTERS, *range(0x6F0, 0x6FA)])) + _SLOW.DROPPED
TO = "".join(map(chr, _SLOW.LETTERS.values())) + "0123456789"

NORMAL = rf"""
CREATE OR REPLACE FUNCTION arzesh_normal(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
    SELECT CASE
        WHEN value COLLATE "C" ~ '^[{PLAIN}]*$' THEN btrim(regexp_replace(lower(value COLLATE "C"), '  +', ' ', 'g'))
        WHEN value COLLATE "C" ~ '^[{PLAIN}{VARIANTS}]*$'
            THEN btrim(regexp_replace(translate(lower(value COLLATE "C"), '{FROM}', '{TO}'), '  +', ' ', 'g'))
        ELSE btrim(regexp_replace(arzesh_folded(value), '[\s\u0001-\u0020\u007F-\u00A0\u1680\u2028\u2029]+', ' ', 'g'))
    END
$f$
"""
BEFORE = _SLOW.NORMAL.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("models", "0019_narrowing_indexes")]

    operations = [ops.RunSQL([NORMAL], reverse_sql=BEFORE)]
