"""Headings of files are understood in several languages; what cannot be used is said."""

import pytest

from crm.errors import ValidationFailed
from crm.imports.mapping import TARGETS, ImportKind, check, guess, heading

CUSTOMERS, ORDERS = ImportKind.CUSTOMERS, ImportKind.ORDERS


@pytest.mark.parametrize(
    ("kind", "columns", "targets"),
    [
        (ORDERS, "customer_id,date,number_of_cds,dollar_value", "customer.external,placedAt,quantity,amount"),
        (ORDERS, "E-Mail,Order No.,Order Date,TOTAL", "customer.email,reference,placedAt,amount"),
        (ORDERS, "کد مشتری,تاريخ,مبلغ کل,شماره سفارش", "customer.external,placedAt,amount,reference"),
        (ORDERS, "客户编号,日期,金额", "customer.external,placedAt,amount"),
        (CUSTOMERS, "First Name,Last Name,Mobile,City", "givenName,familyName,identity.phone,city"),
        (CUSTOMERS, "نام,نام خانوادگی,ایمیل,شهر", "givenName,familyName,identity.email,city"),
        (CUSTOMERS, "姓名,手机,城市", "displayName,identity.phone,city"),
        (CUSTOMERS, "Customer Code,Company,Tier", "identity.external,organizationName,customFields.tier"),
    ],
)
def test_headings_are_understood(kind: ImportKind, columns: str, targets: str) -> None:
    names = tuple(columns.split(","))
    assert [guess(kind, names, ("tier",)).get(name) for name in names] == targets.split(",")


def test_a_target_is_given_once_and_its_own_name_wins() -> None:
    assert guess(ORDERS, ("total", "price", "amount")) == {"amount": "amount"}


@pytest.mark.parametrize("kind", list(ImportKind))
def test_no_heading_means_two_things(kind: ImportKind) -> None:
    shared = {"customer name", "customer", "name", "full name", "channel", "کانال", "渠道"}
    words = [heading(word) for target, names in TARGETS[kind].items() for word in names]
    assert {word for word in words if words.count(word) > 1} <= {heading(word) for word in shared}


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"who": "customer.email", "what": "amount"}, "nor placedAt|gives placedAt"),
        ({"what": "amount", "when": "placedAt"}, "customer.email"),
        ({"who": "customer.email", "what": "amount", "when": "birth"}, "'birth' is not known"),
        ({"whom": "customer.email"}, "no column 'whom'; it has: who, what, when"),
        ({"who": "amount", "what": "amount"}, "Two columns"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(mapping: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationFailed, match=said):
        check(ORDERS, ("who", "what", "when"), mapping)
