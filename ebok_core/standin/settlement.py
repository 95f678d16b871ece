"""Turns accepted readings into invoices by tariff. Sources: billing.md §2, §3.2, §10.4; the sums are `billing.py`'s.

The office settles what customers give through the portal as soon as it is asked to; readings that a reader or a radio
brought wait for the next of those (or for the end of the period, which the stand-in does not wait for).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

import sqlalchemy as sa

from ebok_core.standin import accounts, billing, numbering, papers, tariff, utility
from ebok_core.standin.billing import Bill, Line, Metered
from ebok_core.standin.database import Work, is_accepted, tables, work

READINGS, METERS, POINTS, CONTRACTS = "ebok_readings", "ebok_meters", "ebok_service_points", "ebok_contracts"
INVOICES, LINES, CUSTOMERS = "ebok_invoices", "ebok_invoice_lines", "ebok_customers"
BILLED, DEDUCTED = ("main", "well", "sewage"), "garden"
TERM = timedelta(days=14)


def settle_readings(engine: sa.Engine, as_of: date, schema: str | None = None) -> list[str]:
    """Invoice every point whose main meter has an accepted reading of the customer; returns the invoices' numbers.

    One invoice for main and garden meter of a point, one transaction for each point. A garden or flat reading alone
    waits for the main meter's.
    """
    readings, meters = tables(schema)[READINGS], tables(schema)[METERS]
    waiting = (
        sa.select(readings.c.point_code)
        .distinct()
        .join(meters, meters.c.id == readings.c.meter_id)
        .where(
            is_accepted(readings),
            readings.c.removed == 0,
            readings.c.reading_method == "customer",
            meters.c.role.in_(BILLED),
        )
        .order_by(readings.c.point_code)
    )
    with engine.connect() as connection:
        points = list(connection.execute(waiting).scalars())
    numbers = []
    for code in points:
        with work(engine, schema) as at_work:
            number = settle_point(at_work, code, as_of)
            numbers += [number] if number else []
    return numbers


def settle_point(at_work: Work, point_code: str, as_of: date) -> str | None:
    """Invoice one point's accepted readings; None when none of its main meter is there (any more)."""
    point = at_work.get(POINTS, code=point_code)
    waiting = _accepted(at_work, point_code)
    meters = {meter["id"]: meter for meter in _meters(at_work, point_code) if meter["id"] in waiting}
    main = [_metered(at_work, meter, waiting[key]) for key, meter in meters.items() if meter["role"] in BILLED]
    if point is None or not main:
        return None
    last = max(item.read_to for item in main)
    garden = [
        _metered(at_work, meter, waiting[key])
        for key, meter in meters.items()
        if meter["role"] == DEDUCTED and _is_legal(meter, waiting[key][-1]["read_on"])
    ]
    first = _first_day(at_work, point, main)
    contract = _contract(at_work, point, as_of)
    group = (contract["tariff_group"] if contract else None) or tariff.HOUSEHOLD
    bill = billing.water_bill(group, point["service"], first, last, billing.months_passed(first, last), main, garden)
    number = _issue(at_work, point, contract, as_of, (first, last), bill)
    for key, rows in waiting.items():
        _mark_settled(at_work, key, rows, number)
    accounts.allocate(at_work, point["customer_code"])
    return number


def _accepted(at_work: Work, point_code: str) -> dict[str, list[sa.RowMapping]]:
    """The accepted readings of a point by meter, oldest first."""
    table = at_work.tables[READINGS]
    found = at_work.rows(
        sa.select(table)
        .where(is_accepted(table), table.c.point_code == point_code, table.c.removed == 0)
        .order_by(table.c.meter_id, table.c.read_on, table.c.id)
    )
    return {key: list(rows) for key, rows in groupby(found, key=lambda row: row["meter_id"])}


def _meters(at_work: Work, point_code: str) -> list[sa.RowMapping]:
    """The meters of a point, removed ones too: an exchange leaves a final reading behind."""
    table = at_work.tables[METERS]
    return at_work.rows(
        sa.select(table)
        .where(table.c.point_code == point_code, table.c.removed == 0)
        .order_by(table.c.installed_on, table.c.id)
    )


def _metered(at_work: Work, meter: sa.RowMapping, waiting: Sequence[sa.RowMapping]) -> Metered:
    """From the meter's last settled reading to its newest accepted one."""
    table = at_work.tables[READINGS]
    settled = at_work.first(
        sa.select(table.c.reading_value, table.c.read_on)
        .where(table.c.meter_id == meter["id"], table.c.status == "settled", table.c.removed == 0)
        .order_by(table.c.read_on.desc(), table.c.id.desc())
    )
    value = int(settled["reading_value"] if settled else meter["installed_value"])
    read = settled["read_on"] if settled else meter["installed_on"]
    newest = waiting[-1]
    return Metered(
        meter_id=meter["id"],
        digits=meter["digits"],
        value_from=value,
        value_to=int(newest["reading_value"]),
        read_from=read.toordinal(),
        read_to=newest["read_on"].toordinal(),
        quantity=billing.consumption(value, int(newest["reading_value"]), meter["digits"]),
        estimated=int(newest["reading_method"] == "estimate"),
    )


def _is_legal(meter: sa.RowMapping, day: date) -> bool:
    """A garden meter lowers the sewage only while its legalisation is valid (billing.md §10.1)."""
    valid_to = meter["legalization_valid_to"]
    return not valid_to or f"{day:%Y.%m}" <= valid_to


def _first_day(at_work: Work, point: sa.RowMapping, main: Sequence[Metered]) -> int:
    """The day after the last settled period of the point, else after the last settled reading."""
    table = at_work.tables[INVOICES]
    last = at_work.connection.execute(
        sa.select(sa.func.max(table.c.period_to)).where(
            table.c.customer_code == point["customer_code"], table.c.point_code == point["code"], table.c.removed == 0
        )
    ).scalar()
    read = min(item.read_from for item in main)
    day = last.toordinal() if last else read
    return min(day, max(item.read_to for item in main) - 1) + 1


def _contract(at_work: Work, point: sa.RowMapping, day: date) -> sa.RowMapping | None:
    """The contract of a point that has begun by a day; of several the one that ends last."""
    contract = at_work.tables[CONTRACTS]
    return at_work.first(
        sa.select(contract)
        .where(
            contract.c.customer_code == point["customer_code"],
            contract.c.point_code == point["code"],
            contract.c.removed == 0,
            contract.c.valid_from <= day,
        )
        .order_by(contract.c.valid_to.is_(None).desc(), contract.c.valid_to.desc(), contract.c.number)
    )


def _issue(
    at_work: Work,
    point: sa.RowMapping,
    contract: sa.RowMapping | None,
    as_of: date,
    period: tuple[int, int],
    bill: Bill,
) -> str:
    """Write the invoice, its lines and its entry in the ledger."""
    series = f"{numbering.INVOICE} {as_of.year}"
    number = f"{series}/{at_work.next_number(series):06d}"
    buyer = _parties(at_work, "invoice", point["customer_code"])
    content, told = papers.file_of(at_work, number, as_of, as_of + TERM, bill, period, point, buyer)
    insert_document(
        at_work,
        number,
        "invoice",
        point["customer_code"],
        as_of,
        as_of + TERM,
        bill,
        point_code=point["code"],
        contract_number=contract["number"] if contract else None,
        period_from=date.fromordinal(period[0]),
        period_to=date.fromordinal(period[1]),
        **told,
    )
    papers.keep(at_work, number, content)
    accounts.post(
        at_work,
        point["customer_code"],
        "invoice",
        as_of,
        billing.zloty(bill.gross),
        f"Faktura {number}",
        document_number=number,
        due_on=as_of + TERM,
    )
    return number


def insert_document(
    at_work: Work, number: str, kind: str, customer_code: str, issued_on: date, due_on: date, bill: Bill, **more: object
) -> None:
    """Write a document with its lines; nothing of it is paid."""
    gross = billing.zloty(bill.gross)
    at_work.insert(
        INVOICES,
        number=number,
        kind=kind,
        customer_code=customer_code,
        issued_on=issued_on,
        due_on=due_on,
        net=billing.zloty(bill.net),
        vat=billing.zloty(bill.vat),
        gross=gross,
        to_pay=gross,
        **{"has_xml": 0, **_parties(at_work, kind, customer_code), **more},
    )
    for line_no, line in enumerate(bill.lines, start=1):
        at_work.insert(LINES, invoice_number=number, line_no=line_no, **_line_columns(line))


def _parties(at_work: Work, kind: str, customer_code: str) -> dict[str, object]:
    """Seller and buyer as printed; a firm's invoice waits for its KSeF number."""
    customer = at_work.get(CUSTOMERS, code=customer_code)
    if customer is None:
        raise LookupError(f"no customer {customer_code}")
    return {
        "seller_name": utility.NAME,
        "seller_nip": utility.NIP,
        "seller_address": utility.ADDRESS,
        "buyer_name": customer["name"],
        "buyer_nip": customer["nip"],
        "buyer_address": _address(customer),
        "ksef_mode": "online" if customer["nip"] and kind == "invoice" else None,
    }


def _line_columns(line: Line) -> dict[str, object]:
    item = line.draft
    return {
        "name": item.name,
        "unit": item.unit,
        "quantity": item.quantity,
        "unit_price_net": billing.zloty(item.price).scaleb(-2),
        "net": billing.zloty(item.net),
        "vat_rate": item.vat_rate,
        "vat": billing.zloty(line.vat),
        "gross": billing.zloty(line.gross),
        **(_metered_columns(item.metered) if item.metered else {}),
    }


def _metered_columns(metered: Metered) -> dict[str, object]:
    return {
        "meter_id": metered.meter_id,
        "value_from": metered.value_from,
        "value_to": metered.value_to,
        "read_from": date.fromordinal(metered.read_from),
        "read_to": date.fromordinal(metered.read_to),
        "estimated": metered.estimated,
    }


def _address(customer: sa.RowMapping) -> str:
    flat = f"/{customer['flat_no']}" if customer["flat_no"] else ""
    street = customer["street"] or customer["city"]
    return f"{street} {customer['house_no']}{flat}, {customer['postal_code']} {customer['city']}"


def _mark_settled(at_work: Work, meter_id: str, rows: Sequence[sa.RowMapping], number: str) -> None:
    for row in rows:
        at_work.update(READINGS, {"id": row["id"]}, status="settled", invoice_number=number)
    newest = rows[-1]
    at_work.update(METERS, {"id": meter_id}, last_read_on=newest["read_on"], last_value=newest["reading_value"])
