"""The FA(3) file of an invoice that the office makes, and what the invoice's row says of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import sha256

import sqlalchemy as sa

from ebok_core.standin import fa3
from ebok_core.standin.billing import Bill
from ebok_core.standin.database import Work


def file_of(
    at_work: Work,
    number: str,
    issued_on: date,
    due_on: date,
    bill: Bill,
    period: tuple[int, int],
    point: sa.RowMapping,
    buyer: Mapping[str, object],
) -> tuple[bytes, dict[str, object]]:
    """The file of a point's invoice, and the columns that tell of it; a consumer's invoice is not sent to KSeF."""
    customer = at_work.get("ebok_customers", code=point["customer_code"])
    ids = {line.draft.metered.meter_id for line in bill.lines if line.draft.metered}
    meters = at_work.tables["ebok_meters"]
    found = at_work.rows(sa.select(meters.c.id, meters.c.meter_number).where(meters.c.id.in_(ids)))
    content = fa3.write(
        fa3.Paper(
            number=number,
            issued=issued_on.toordinal(),
            due=due_on.toordinal(),
            period=period,
            lines=bill.lines,
            gross=bill.gross,
            buyer_name=str(buyer["buyer_name"]),
            buyer_nip=customer["nip"] if customer else None,
            buyer_address=str(buyer["buyer_address"]),
            customer_code=point["customer_code"],
            account=customer["individual_account"] if customer else None,
            contract_number=point["contract_number"],
            point_code=point["code"],
            meters={row["id"]: row["meter_number"] for row in found},
        )
    )
    columns: dict[str, object] = {"has_xml": 1, "xml_sha256": sha256(content).hexdigest()}
    if customer and customer["nip"]:
        columns["ksef_mode"] = fa3.ONLINE
    return content, columns


def keep(at_work: Work, number: str, content: bytes) -> None:
    """Write the file beside its invoice."""
    at_work.insert(
        "ebok_invoice_files",
        invoice_number=number,
        kind="fa3",
        content=content,
        sha256=sha256(content).hexdigest(),
    )
