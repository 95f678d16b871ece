"""The TYTAN contract, version 1, as data: the views, the inbox and the results, and the tables of TYTAN's side.

Source: tytan-contract.md. The source, the copy, `ebok tytan check`, `ebok tytan ddl` and the stand-in read it.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from ebok_core.contracts.tytan import Column, CopyTable, Kind

CONTRACT_VERSION = 1
INBOX = "ebok_inbox"
RESULTS = "ebok_results"


def _text(name: str, size: int, *, null: bool = False, secret: bool = False) -> Column:
    return Column(name=name, kind=Kind.TEXT, size=size, null=null, secret=secret)


def _column(kind: Kind, name: str, *, null: bool = False) -> Column:
    return Column(name=name, kind=kind, null=null)


def _date(name: str, *, null: bool = False) -> Column:
    return _column(Kind.DATE, name, null=null)


def _money(name: str, *, null: bool = False) -> Column:
    return _column(Kind.MONEY, name, null=null)


def _volume(name: str, *, null: bool = False) -> Column:
    return _column(Kind.VOLUME, name, null=null)


def _int(name: str, *, null: bool = False) -> Column:
    return _column(Kind.INT, name, null=null)


def _flag(name: str) -> Column:
    return _column(Kind.FLAG, name)


def _address(prefix: str = "", *, null: bool = False) -> tuple[Column, ...]:
    return (
        _text(f"{prefix}street", 100, null=True),
        _text(f"{prefix}house_no", 20, null=null),
        _text(f"{prefix}flat_no", 20, null=True),
        _text(f"{prefix}postal_code", 10, null=null),
        _text(f"{prefix}city", 80, null=null),
    )


CUSTOMERS = CopyTable(
    view="ebok_customers",
    name="customers",
    key=("code",),
    customer="code",
    search=(
        *("code", "name", "street", "house_no", "flat_no", "city", "email", "phone", "nip", "individual_account"),
        *("mailing_street", "mailing_city"),
    ),
    columns=(
        _text("code", 20),
        _text("name", 200),
        _text("customer_type", 60),
        _text("status", 40),
        *_address(),
        *_address("mailing_", null=True),
        _text("email", 254, null=True),
        _text("phone", 40, null=True),
        _text("nip", 10, null=True),
        _text("pesel", 11, null=True, secret=True),
        _text("individual_account", 26, null=True),
        _date("einvoice_since", null=True),
        _date("registered_on"),
        _money("balance"),
    ),
)

CONTRACTS = CopyTable(
    view="ebok_contracts",
    name="contracts",
    key=("number",),
    search=("number", "name", "party", "point_code", "point_name"),
    columns=(
        _text("number", 40),
        _text("customer_code", 20),
        _text("party", 200),
        _text("name", 120),
        _date("signed_on"),
        _date("valid_from"),
        _date("valid_to", null=True),
        _text("point_code", 20),
        _text("point_name", 200),
        _text("service", 40),
        _text("individual_account", 26, null=True),
        _text("recipient_type", 60),
        _text("tariff_group", 20, null=True),
    ),
)

SERVICE_POINTS = CopyTable(
    view="ebok_service_points",
    name="service_points",
    key=("code",),
    point="code",
    search=("code", "name", "street", "house_no", "flat_no", "city"),
    columns=(
        _text("code", 20),
        _text("customer_code", 20),
        _text("name", 200),
        *_address(),
        _date("registered_on"),
        _text("status", 40),
        _date("changed_on", null=True),
        _text("service", 40),
        _text("contract_number", 40, null=True),
        _date("contract_valid_to", null=True),
    ),
)

METERS = CopyTable(
    view="ebok_meters",
    name="meters",
    key=("id",),
    search=("meter_number", "meter_group", "point_code"),
    customer=("point_code", "ebok_service_points"),
    indexes=(("point_code",),),
    columns=(
        _text("id", 40),
        _text("meter_number", 40),
        _text("point_code", 20),
        _text("role", 20),
        _text("parent_id", 40, null=True),
        _text("meter_group", 60, null=True),
        _date("installed_on"),
        _volume("installed_value"),
        _date("removed_on", null=True),
        _volume("removed_value", null=True),
        _text("producer", 80, null=True),
        _text("meter_type", 80, null=True),
        _int("diameter_mm", null=True),
        _int("digits"),
        _text("connection_owner", 40, null=True),
        _int("legalization_year", null=True),
        _text("legalization_valid_to", 7, null=True),
        _flag("active"),
        _text("status", 40),
        _date("changed_on", null=True),
        _text("seal_number", 40, null=True),
        _text("radio_module_number", 40, null=True),
        _text("radio_module_type", 80, null=True),
        _date("last_read_on", null=True),
        _volume("last_value", null=True),
    ),
)

READINGS = CopyTable(
    view="ebok_readings",
    name="readings",
    key=("id",),
    indexes=(("read_on", "id"), ("meter_id", "read_on")),
    columns=(
        _text("id", 40),
        _text("meter_id", 40),
        _text("point_code", 20),
        _text("customer_code", 20),
        _date("read_on"),
        _volume("reading_value"),
        _volume("consumption_m3", null=True),
        _text("reading_method", 20),
        _text("status", 20),
        _text("reason", 500, null=True),
        _text("invoice_number", 40, null=True),
        _text("message_id", 36, null=True),
    ),
)

INVOICES = CopyTable(
    view="ebok_invoices",
    name="invoices",
    key=("number",),
    search=("number",),
    lookups=("search_text",),
    indexes=(("issued_on", "number"),),
    columns=(
        _text("number", 40),
        _text("customer_code", 20),
        _text("point_code", 20, null=True),
        _text("contract_number", 40, null=True),
        _text("kind", 30),
        _date("issued_on"),
        _date("due_on"),
        _date("period_from", null=True),
        _date("period_to", null=True),
        _money("net"),
        _money("vat"),
        _money("gross"),
        _money("to_pay"),
        _text("corrected_invoice", 40, null=True),
        _text("correction_reason", 500, null=True),
        _text("ksef_number", 36, null=True),
        _column(Kind.INSTANT, "ksef_assigned_at", null=True),
        _text("ksef_mode", 20, null=True),
        _text("xml_sha256", 64, null=True),
        _text("certificate_url", 500, null=True),
        _flag("has_xml"),
        _text("seller_name", 200),
        _text("seller_nip", 10),
        _text("seller_address", 300),
        _text("buyer_name", 200),
        _text("buyer_nip", 10, null=True),
        _text("buyer_address", 300),
    ),
)

INVOICE_LINES = CopyTable(
    view="ebok_invoice_lines",
    name="invoice_lines",
    key=("invoice_number", "line_no"),
    customer=("invoice_number", "ebok_invoices"),
    columns=(
        _text("invoice_number", 40),
        _int("line_no"),
        _text("name", 200),
        _text("unit", 20),
        _volume("quantity"),
        _column(Kind.PRICE, "unit_price_net"),
        _money("net"),
        _text("vat_rate", 10),
        _money("vat"),
        _money("gross"),
        _text("meter_id", 40, null=True),
        _volume("value_from", null=True),
        _volume("value_to", null=True),
        _date("read_from", null=True),
        _date("read_to", null=True),
        _column(Kind.FLAG, "estimated", null=True),
    ),
)

INVOICE_FILES = CopyTable(
    view="ebok_invoice_files",
    name="invoice_files",
    key=("invoice_number", "kind"),
    customer=("invoice_number", "ebok_invoices"),
    bulk=False,
    columns=(
        _text("invoice_number", 40),
        _text("kind", 10),
        _column(Kind.BLOB, "content"),
        _text("sha256", 64),
    ),
)

LEDGER = CopyTable(
    view="ebok_ledger",
    name="ledger",
    key=("id",),
    indexes=(("posted_on", "id"), ("kind", "posted_on")),
    columns=(
        _text("id", 40),
        _text("customer_code", 20),
        _text("kind", 30),
        _text("document_number", 40, null=True),
        _date("posted_on"),
        _date("due_on", null=True),
        _money("amount"),
        _money("to_pay"),
        _text("title", 200),
        _text("method", 40, null=True),
        _text("message_id", 36, null=True),
    ),
)

PAYMENT_ALLOCATIONS = CopyTable(
    view="ebok_payment_allocations",
    name="payment_allocations",
    key=("payment_id", "document_number"),
    customer=("payment_id", "ebok_ledger"),
    columns=(_text("payment_id", 40), _text("document_number", 40), _money("amount")),
)

CORE_VIEWS: tuple[CopyTable, ...] = (
    CUSTOMERS,
    CONTRACTS,
    SERVICE_POINTS,
    METERS,
    READINGS,
    INVOICES,
    INVOICE_LINES,
    INVOICE_FILES,
    LEDGER,
    PAYMENT_ALLOCATIONS,
)


def in_order(views: Iterable[CopyTable]) -> list[CopyTable]:
    """The views as the contract lists them, those of modules behind by name: for people who read them."""
    places = {view.view: place for place, view in enumerate(CORE_VIEWS)}
    return sorted(views, key=lambda view: (places.get(view.view, len(places)), view.view))


INBOX_COLUMNS: tuple[Column, ...] = (
    _text("message_id", 36),
    _text("kind", 60),
    _int("version"),
    _text("customer_code", 20, null=True),
    _text("stream_key", 60),
    _int("seq"),
    Column(name="payload", kind=Kind.TEXT, null=True),
    _text("payload_sha256", 64),
    _column(Kind.INSTANT, "accepted_at"),
    _column(Kind.INSTANT, "delivered_at"),
)

RESULT_COLUMNS: tuple[Column, ...] = (
    _text("message_id", 36),
    _text("status", 20),
    _text("reason_code", 40, null=True),
    _text("reason", 500, null=True),
    _text("reference", 60, null=True),
    _column(Kind.INSTANT, "status_at"),
)


def source_type(column: Column) -> sa.types.TypeEngine:
    """The SQL type of a column on TYTAN's side, in any dialect."""
    match column.kind:
        case Kind.TEXT:
            return sa.Unicode(column.size) if column.size else sa.UnicodeText()
        case Kind.DATE:
            return sa.Date()
        case Kind.INSTANT:
            return sa.DateTime()
        case Kind.INT:
            return sa.BigInteger()
        case Kind.FLAG:
            return sa.SmallInteger()
        case Kind.MONEY:
            return sa.Numeric(14, 2)
        case Kind.VOLUME:
            return sa.Numeric(14, 3)
        case Kind.PRICE:
            return sa.Numeric(14, 4)
        case Kind.BLOB:
            return sa.LargeBinary()


def _source_columns(columns: Iterable[Column], key: tuple[str, ...]) -> list[sa.Column]:
    return [
        sa.Column(c.name, source_type(c), primary_key=c.name in key, nullable=c.null, autoincrement=False)
        for c in columns
    ]


def source_metadata(views: Iterable[CopyTable] = CORE_VIEWS, schema: str | None = None) -> sa.MetaData:
    """The contract as tables of TYTAN's side; the stand-in creates them, the DDL command prints them."""
    metadata = sa.MetaData(schema=schema)
    for view in views:
        table = sa.Table(
            view.view,
            metadata,
            *_source_columns(view.columns, view.key),
            sa.Column("change_no", sa.BigInteger, nullable=False),
            sa.Column("removed", sa.SmallInteger, nullable=False, server_default="0"),
        )
        sa.Index(f"ix_{view.view}_change_no", table.c.change_no)
    sa.Table(INBOX, metadata, *_source_columns(INBOX_COLUMNS, ("message_id",)))
    results = sa.Table(
        RESULTS,
        metadata,
        *_source_columns(RESULT_COLUMNS, ("message_id",)),
        sa.Column("change_no", sa.BigInteger, nullable=False),
    )
    sa.Index(f"ix_{RESULTS}_change_no", results.c.change_no)
    return metadata
