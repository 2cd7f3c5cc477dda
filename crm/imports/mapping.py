"""Which column of a file means what: guessed from its heading, or said by whoever imports."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from crm.errors import ValidationFailed

CUSTOM = "customFields."
RATED = "attributeRatings."
"""The target of a column of ratings of one thing, such as attributeRatings.delivery."""


class ImportKind(StrEnum):
    CUSTOMERS = "customers"
    ORDERS = "orders"
    INTERACTIONS = "interactions"


_CONTACT = {
    "email": ("email", "e-mail", "mail", "email address", "ایمیل", "رایانامه", "پست الکترونیک", "邮箱", "电子邮件"),
    "phone": ("phone", "telephone", "mobile", "tel", "cell", "phone number", "تلفن", "موبایل", "شماره تماس", "همراه",
              "电话", "手机", "手机号"),
    "external": ("id", "customer id", "customer number", "customer no", "customer code", "external id", "client id",
                 "کد مشتری", "شماره مشتری", "客户编号", "客户号"),
}  # fmt: skip

# Target → headings that mean it. The first is the target's own name in words.
CUSTOMER_TARGETS: dict[str, tuple[str, ...]] = {
    **{f"identity.{kind}": headings for kind, headings in _CONTACT.items()},
    "kind": ("kind", "customer type", "نوع مشتری", "客户类型"),
    "displayName": ("display name", "name", "full name", "customer name", "customer", "نام مشتری", "نام کامل",
                    "نام و نام خانوادگی", "姓名", "客户名称", "名称"),
    "givenName": ("given name", "first name", "forename", "نام", "名"),
    "familyName": ("family name", "last name", "surname", "نام خانوادگی", "姓"),
    "organizationName": ("organization name", "organisation", "organization", "company", "company name", "شرکت",
                         "نام شرکت", "سازمان", "公司", "公司名称"),
    "language": ("language", "زبان", "语言"),
    "country": ("country", "country code", "کشور", "国家"),
    "city": ("city", "town", "شهر", "城市"),
    "timeZone": ("time zone", "منطقه زمانی", "时区"),
    "birthday": ("birthday", "date of birth", "birth date", "تاریخ تولد", "生日", "出生日期"),
    "acquisitionSource": ("acquisition source", "lead source", "منبع", "来源"),
    "acquisitionChannel": ("acquisition channel", "channel", "کانال", "渠道"),
    "acquiredAt": ("acquired at", "customer since", "registered", "sign up date", "created", "created at",
                   "تاریخ عضویت", "تاریخ ثبت", "注册日期"),
}  # fmt: skip

ORDER_TARGETS: dict[str, tuple[str, ...]] = {
    "customer.email": ("customer email", *_CONTACT["email"]),
    "customer.phone": ("customer phone", *_CONTACT["phone"]),
    "customer.external": tuple(name for name in _CONTACT["external"] if name != "id"),
    "customer.name": ("customer name", "customer", "name", "full name", "نام مشتری", "客户名称"),
    "reference": ("reference", "order id", "order number", "order no", "order", "invoice", "invoice no",
                  "invoice number", "id", "شماره سفارش", "شماره فاکتور", "فاکتور", "订单号", "订单编号", "发票号"),
    "placedAt": ("placed at", "date", "order date", "invoice date", "purchase date", "تاریخ", "تاریخ سفارش",
                 "تاریخ خرید", "日期", "订单日期", "下单时间"),
    "amount": ("amount", "total", "net amount", "dollar value", "value", "price", "sales", "revenue", "مبلغ", "مبلغ کل",
               "جمع", "金额", "总额", "总金额"),
    "listAmount": ("list amount", "gross amount", "before discount", "مبلغ قبل از تخفیف", "原价"),
    "refunded": ("refunded", "refund", "refund amount", "مرجوعی", "مبلغ مرجوعی", "退款", "退款金额"),
    "costOfGoods": ("cost of goods", "cost", "cogs", "بهای تمام شده", "成本"),
    "currency": ("currency", "currency code", "ارز", "واحد پول", "货币", "币种"),
    "exchangeRate": ("exchange rate", "نرخ ارز", "汇率"),
    "quantity": ("quantity", "qty", "items", "number of cds", "تعداد", "数量"),
    "channel": ("channel", "sales channel", "کانال", "渠道"),
    "status": ("status", "order status", "وضعیت", "状态", "订单状态"),
}  # fmt: skip

INTERACTION_TARGETS: dict[str, tuple[str, ...]] = {
    **{target: ORDER_TARGETS[target] for target in ("customer.email", "customer.phone", "customer.external")},
    "reference": ("reference", "interaction id", "ticket", "ticket id", "case number", "id", "شماره پیگیری",
                  "شماره تیکت", "工单号", "编号"),
    "occurredAt": ("occurred at", "date", "time", "when", "contacted at", "submitted at", "response date", "تاریخ",
                   "تاریخ تماس", "زمان", "日期", "时间", "联系时间"),
    "channel": ("channel", "via", "کانال", "渠道"),
    "direction": ("direction", "جهت", "方向"),
    "kind": ("kind", "type", "interaction type", "نوع", "类型"),
    "staff": ("staff", "staff e-mail", "agent", "owner", "کارمند", "کارشناس", "员工", "客服"),
    "subject": ("subject", "title", "موضوع", "主题", "标题"),
    "body": ("body", "text", "comment", "message", "note", "متن", "توضیحات", "内容", "备注", "评论"),
    "outcome": ("outcome", "result", "نتیجه", "结果"),
    "sentiment": ("sentiment", "احساس", "情绪"),
    "ratingKind": ("rating kind", "scale", "نوع امتیاز", "评分类型"),
    "rating": ("rating", "score", "امتیاز", "评分"),
    "nps": ("nps", "net promoter score", "likelihood to recommend", "净推荐值"),
    "csat": ("csat", "satisfaction", "رضایت", "满意度"),
    "ces": ("ces", "customer effort", "ease", "سهولت", "费力度"),
    "durationSeconds": ("duration seconds", "duration", "seconds", "مدت", "时长"),
    "cost": ("cost", "هزینه", "成本"),
    "costCurrency": ("cost currency", "currency", "ارز", "واحد پول", "币种"),
    "answerDueAt": ("answer due at", "due", "answer by", "مهلت پاسخ", "答复期限"),
    "answeredAt": ("answered at", "answered", "closed at", "resolved at", "زمان پاسخ", "答复时间"),
}  # fmt: skip
_RATING_OF = ("rating", "rating of", "attribute rating", "امتیاز", "评分")

TARGETS: dict[ImportKind, dict[str, tuple[str, ...]]] = {
    ImportKind.CUSTOMERS: CUSTOMER_TARGETS,
    ImportKind.ORDERS: ORDER_TARGETS,
    ImportKind.INTERACTIONS: INTERACTION_TARGETS,
}
_OF_CUSTOMER = ("customer.email", "customer.phone", "customer.external")
IDENTITIES = {
    ImportKind.CUSTOMERS: ("identity.email", "identity.phone", "identity.external"),
    ImportKind.ORDERS: _OF_CUSTOMER,
    ImportKind.INTERACTIONS: _OF_CUSTOMER,
}
NEEDED = {
    ImportKind.CUSTOMERS: (),
    ImportKind.ORDERS: ("amount", "placedAt"),
    ImportKind.INTERACTIONS: ("occurredAt", "channel"),
}


def heading(text: str) -> str:
    """A heading as it is compared: no case, no accents, no punctuation, one form of Arabic and Persian letters."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate({0x064A: "ی", 0x0643: "ک", 0x200C: " "})
    kept = (character if character.isalnum() else " " for character in folded if not unicodedata.combining(character))
    return " ".join("".join(kept).split())


def guess(kind: ImportKind, columns: tuple[str, ...], custom: tuple[str, ...] = ()) -> dict[str, str]:
    """Column → target for the headings that are understood; each target is given once, to the first that fits.

    A heading that is the target's own name wins over one that merely means it, and `custom` are the keys of custom
    fields, which are found by their names.
    """
    found: dict[str, str] = {}
    own = {heading(_words(target)): target for target in (*TARGETS[kind], *(f"{CUSTOM}{key}" for key in custom))}
    own |= {heading(key): f"{CUSTOM}{key}" for key in custom}
    meant = {heading(word): target for target, words in reversed(TARGETS[kind].items()) for word in reversed(words)}
    for table in (own, meant):
        for column in columns:
            target = table.get(heading(column))
            if target and column not in found and target not in found.values():
                found[column] = target
    if kind is ImportKind.INTERACTIONS:
        found |= {column: target for column in columns if column not in found and (target := _rated(column))}
    return found


def _rated(column: str) -> str | None:
    """The target of a heading such as 'Rating: delivery'."""
    words, mark, thing = column.partition(":")
    return f"{RATED}{thing.strip()}" if mark and thing.strip() and heading(words) in _RATING_OF else None


def _words(target: str) -> str:
    return "".join(f" {letter}" if letter.isupper() else letter for letter in target)


def check(kind: ImportKind, columns: tuple[str, ...], mapping: Mapping[str, str], custom: tuple[str, ...] = ()) -> None:
    """Raise ValidationFailed unless the mapping names columns of the file, known targets, and all that is needed."""
    known = (*TARGETS[kind], *(f"{CUSTOM}{key}" for key in custom))
    for column, target in mapping.items():
        if column not in columns:
            raise _wrong(f"The file has no column '{column[:60]}'; it has: {', '.join(columns)[:500]}.", column)
        if target not in known and not _rates(kind, target):
            raise _wrong(f"'{target[:60]}' is not known; a column can mean: {', '.join(known)}.", column)
        if list(mapping.values()).count(target) > 1:
            raise _wrong(f"Two columns are said to be {target}; choose one.", column)
    _check_needed(kind, columns, set(mapping.values()))


def _rates(kind: ImportKind, target: str) -> bool:
    return kind is ImportKind.INTERACTIONS and target.startswith(RATED) and target != RATED


def _check_needed(kind: ImportKind, columns: tuple[str, ...], targets: set[str]) -> None:
    missing = [target for target in NEEDED[kind] if target not in targets]
    if not targets & set(IDENTITIES[kind]):
        missing.insert(0, f"a customer ({' or '.join(IDENTITIES[kind])})")
    if missing:
        raise _wrong(
            f"No column gives {', nor '.join(missing)}; the file has: {', '.join(columns)[:500]}. "
            "Say which column it is, as in 'Heading=target'."
        )


def _wrong(message: str, *place: str) -> ValidationFailed:
    return ValidationFailed(message, path=("mapping", *place))
