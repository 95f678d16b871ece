"""The test people of features.md, to the grosz, on any day of the demo (N23)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ebok_core.standin import billing, persona_a, personas
from ebok_core.standin.numbering import Numbering

AS_OF = date(2026, 11, 24)
DAYS = ["2024-02-29", "2025-01-15", "2026-01-01", "2026-10-02", "2026-11-24", "2027-03-31", "2027-10-31", "2028-02-29"]
pytestmark = pytest.mark.feature("N23")


def test_a_is_who_she_is(utility):
    maria = utility.row("ebok_customers", code="1-01001")
    assert (maria["name"], maria["customer_type"], maria["status"]) == ("Maria Zielińska", "Osoba fizyczna", "Normalny")
    assert maria["email"] == "maria.zielinska@wodociagi-struga.example"
    assert maria["balance"] == Decimal("29.20") and maria["einvoice_since"]
    assert maria["mailing_street"] != maria["street"] == "ul. Lipowa"


def test_a_has_two_points_and_three_meters(utility):
    points = utility.rows("ebok_service_points", customer_code="1-01001")
    assert [(row["code"], row["street"], row["house_no"]) for row in points] == [
        ("403-1001-0", "ul. Lipowa", "12"),
        ("403-1001-1", "ul. Nad Strugą", "7"),
    ]
    meters = {
        row["meter_number"]: row for point in points for row in utility.rows("ebok_meters", point_code=point["code"])
    }
    main, garden, radio = meters["12CB050038"], meters["21GR004417"], meters["19IZ118820"]
    assert len(meters) == 3
    assert (main["role"], main["point_code"], main["last_value"]) == ("main", "403-1001-0", 421)
    assert (garden["role"], garden["parent_id"], garden["meter_group"]) == ("garden", main["id"], "Ogród")
    assert (garden["last_value"], garden["point_code"]) == (40, "403-1001-0")
    assert main["last_read_on"] == garden["last_read_on"] == date(2026, 8, 31)
    assert radio["radio_module_number"] and radio["last_value"] == 87
    assert radio["last_read_on"] == AS_OF - timedelta(days=1)
    assert radio["legalization_valid_to"] < "2026.11" < main["legalization_valid_to"]
    assert main["installed_value"] == 0 and main["seal_number"] is None


def test_a_has_an_open_ended_contract_and_one_that_ends_soon(utility):
    contracts = {row["number"]: row for row in utility.rows("ebok_contracts", customer_code="1-01001")}
    assert set(contracts) == {"Um 2018/3111", "Um 2024/0207"}
    assert contracts["Um 2018/3111"]["valid_to"] is None
    assert AS_OF < contracts["Um 2024/0207"]["valid_to"] <= AS_OF + timedelta(days=30)
    accounts = {
        contracts["Um 2024/0207"]["individual_account"],
        utility.row("ebok_customers", code="1-01001")["individual_account"],
    }
    assert None not in accounts and len(accounts) == 2


def test_a_owes_the_rest_of_one_invoice_interest_and_a_demand(utility):
    invoice = utility.row("ebok_invoices", number="R. 2026/000412")
    assert (invoice["gross"], invoice["to_pay"]) == (Decimal("123.95"), Decimal("10.97"))
    assert AS_OF - invoice["due_on"] == timedelta(days=56)
    entry = utility.row("ebok_ledger", document_number="R. 2026/000412")
    paid = utility.rows("ebok_payment_allocations", document_number="R. 2026/000412")
    assert [row["amount"] for row in paid] == [Decimal("112.98")] and entry["to_pay"] == Decimal("10.97")
    open_entries = [row for row in utility.rows("ebok_ledger", customer_code="1-01001") if row["to_pay"]]
    assert {row["kind"]: row["to_pay"] for row in open_entries} == {
        "invoice": Decimal("10.97"),
        "interest": Decimal("0.86"),
        "payment_demand": Decimal("17.37"),
    }
    (service,) = [
        row for row in utility.rows("ebok_invoices", customer_code="1-01001") if row["gross"] == Decimal("598.02")
    ]
    assert service["to_pay"] == 0


def test_a_s_invoice_is_billed_by_the_tariff_of_the_day(utility):
    lines = utility.rows("ebok_invoice_lines", invoice_number="R. 2026/000412")
    assert [(row["quantity"], row["net"]) for row in lines] == [
        (9, Decimal("41.58")),
        (2, Decimal("0.00")),
        (7, Decimal("56.42")),
        (3, Decimal("16.77")),
    ]
    first, last = date(2026, 6, 1).toordinal(), date(2026, 8, 31).toordinal()
    months = billing.months_passed(first, last)
    main = billing.Metered("L-1001-M1", 5, 412, 421, first - 1, last, 9, 0)
    garden = billing.Metered("L-1001-M2", 5, 38, 40, first - 1, last, 2, 0)
    bill = billing.water_bill("G1", billing.BOTH, first, last, months, [main], [garden])
    assert bill == persona_a.newest_bill(main, garden) and bill.gross == 12_395


def test_a_s_interest_note_says_days_and_rate(utility):
    lines = utility.rows("ebok_invoice_lines", invoice_number="NO 2026/000077")
    assert [(row["quantity"], row["net"]) for row in lines] == [(27, Decimal("0.85")), (4, Decimal("0.01"))]
    assert all("R. 2026/000412" in row["name"] and "9,25%" in row["name"] for row in lines)


@pytest.mark.parametrize("as_of", [date.fromisoformat(day) for day in DAYS], ids=DAYS)
def test_a_holds_on_any_day(as_of):
    books = persona_a.maria(Numbering(300), as_of)
    assert books.balance == 2_920
    left = defaultdict(int)
    for document in books.documents:
        left[document.kind] += document.to_pay
    assert left == {"invoice": 1_097, "interest_note": 86, "payment_demand": 1_737}
    assert len({document.number for document in books.documents}) == len(books.documents)
    (open_invoice,) = [found for found in books.documents if found.kind == "invoice" and found.to_pay]
    assert as_of.toordinal() - open_invoice.due == 56
    assert max(document.issued for document in books.documents) <= as_of.toordinal()
    assert max(books.receipts) <= as_of.toordinal()
    main, garden = books.customer.points[0].meters
    assert (main.value, garden.value, books.customer.points[1].meters[0].value) == (421, 40, 87)
    assert all(meter.legalization_valid_to > f"{as_of:%Y.%m}" for meter in (main, garden))
    note = next(document for document in books.documents if document.kind == "interest_note")
    assert len(note.bill.lines) >= 2  # counted by the rate table, not set


@pytest.mark.parametrize("as_of", [date.fromisoformat(day) for day in DAYS], ids=DAYS)
def test_the_others_hold_on_any_day(as_of):
    _, overpaid, cooperative, no_email, exchanged = personas.personas(Numbering(300), as_of)
    assert overpaid.balance == -4_000 and not any(document.to_pay for document in overpaid.documents)
    assert len(cooperative.customer.points) == 300
    assert sum(len(point.meters) for point in cooperative.customer.points) == 1_200
    assert no_email.customer.email is None and no_email.customer.einvoice_since is None
    old, new = exchanged.customer.points[0].mains
    assert 170 <= as_of.toordinal() - new.installed <= 195 and old.removed == new.installed
    assert 99_955 <= new.value < 100_000 and old.removed_value is not None


def test_b_is_overpaid_by_forty(utility):
    assert utility.balance("1-01002") == Decimal("-40.00")
    (left,) = [row for row in utility.rows("ebok_ledger", customer_code="1-01002") if row["to_pay"]]
    assert (left["kind"], left["to_pay"]) == ("payment", Decimal("-40.00"))


def test_c_is_a_housing_cooperative(utility):
    customer = utility.row("ebok_customers", code="1-01003")
    assert customer["name"].startswith("Spółdzielnia") and customer["nip"]
    points = {row["code"] for row in utility.rows("ebok_service_points", customer_code="1-01003")}
    meters = [row for row in utility.rows("ebok_meters") if row["point_code"] in points]
    assert (len(points), len(meters)) == (300, 1_200)


def test_d_has_no_e_mail_and_no_consent(utility):
    customer = utility.row("ebok_customers", code="1-01004")
    assert customer["email"] is None and customer["einvoice_since"] is None


def test_everybody_else_has_codes_from_2000(utility):
    codes = [row["code"] for row in utility.rows("ebok_customers")]
    assert codes[:5] == ["1-01001", "1-01002", "1-01003", "1-01004", "1-01006"]
    assert codes[5:] == [f"1-{2000 + place:05d}" for place in range(295)]
