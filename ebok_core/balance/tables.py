"""The tables of the balance's pages: open documents, interest, payments, the statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from markupsafe import Markup

from ebok_core.i18n import gettext, iso, money, ngettext, pgettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.tytan import copy
from ebok_core.web import Cell, Column, DateFilter, Link, Table, rows_table, snapshot, viewer
from ebok_core.web.slots import row_parts

from . import rules, service, tytan
from .rules import Accrual, Age, Allocation, Balance, LedgerLine, Segment, Side, StatementLine

_ledger = copy.ledger.c

KINDS: Mapping[str, Any] = {
    "invoice": _("Invoice"),
    "correction": _("Correction"),
    "interest": _("Interest note"),
    "payment_demand": _("Payment demand"),
    "payment": _("Payment"),
    "refund": _("Refund of a payment"),
    "overpayment": _("Overpayment moved from another account"),
}
# So many documents of a payment one cell names; the payment's own page has them all.
MOST_DOCUMENTS = 3
# So many entries of a statement the page shows, the newest ones; files hold all of them.
MOST_LINES = 300


def side_word(balance: Balance) -> str:
    """On which side a balance stands, in words: never a bare minus (features.md, decision 3)."""
    words = {
        Side.OWED: pgettext("balance", "to pay"),
        Side.OVERPAID: pgettext("balance", "overpaid"),
        Side.SETTLED: pgettext("balance", "settled"),
    }
    return words[balance.side]


# Open documents of a part (L80-L83)


def _name(line: LedgerLine) -> str:
    return line.document_number or line.title


def _kind(line: LedgerLine) -> str:
    """The kind of a document in words; an entry without a number has its title in its place."""
    return str(KINDS.get(line.kind, line.title)) if line.document_number else ""


def _due_on(day: date) -> Callable[[LedgerLine], Cell | None]:
    """The due date with the days before or after it; a date on a free day says until when one may pay (L14)."""

    def due(line: LedgerLine) -> Cell | None:
        if line.due_on is None:
            return None
        days = rules.days_left(line, day)
        if days < 0:
            note = ngettext("%(n)s day overdue", "%(n)s days overdue", -days)
        else:
            note = ngettext("in %(n)s day", "in %(n)s days", days) if days else gettext("today")
            moved = rules.effective_due(line.due_on)
            if moved != line.due_on:
                note = gettext("a free day: pay until %(day)s", day=iso(moved))
        return Cell(iso(line.due_on), note, late=days < 0, whole=True)

    return due


def _documents(day: date) -> tuple[Column, ...]:
    return (
        Column("document_number", _("Document no."), head=True, value=_name, note=_kind),
        Column("posted_on", _("Date"), "date"),
        Column("due_on", _("Due date"), "cell", value=_due_on(day)),
        Column("amount", _("Amount [zł]"), "money"),
        Column("to_pay", _("Amount to pay [zł]"), "money"),
        Column("actions", _("Possible actions"), "actions", value=lambda line: ()),
    )


_OVERPAYMENTS = (
    Column("title", _("What"), head=True),
    Column("posted_on", _("Date"), "date"),
    Column("to_pay", _("To take off [zł]"), "money", value=lambda line: -line.to_pay),
)


def documents_tables(balance: Balance, *, with_actions: bool = True) -> dict[str, Markup]:
    """The open documents of each part of the balance as a table, by the part's name; parts without any are left out.

    Fragments of the slot `core.document_actions` get the `LedgerLine` rows of all parts but the overpayments.
    """
    charged = [line for part in rules.PARTS if part != "overpayment" for line in balance.of(part)]
    offered = row_parts("core.document_actions", charged) if with_actions else {}
    actions = {id(line): offered[index] for index, line in enumerate(charged) if index in offered}
    found = {}
    for part in rules.PARTS:
        rows = balance.of(part)
        extra = {index: actions[id(line)] for index, line in enumerate(rows) if id(line) in actions}
        columns = _OVERPAYMENTS if part == "overpayment" else _documents(balance.day)
        shown = [column for column in columns if extra or column.kind != "actions"]
        if rows:
            found[part] = rows_table(_("Documents"), shown, rows, extra=extra)
    return found


# Interest that grew (L81)


class Growth(NamedTuple):
    """A stretch of days of one document at one rate."""

    number: str
    segment: Segment


def _exact(growth: Growth) -> str:
    """Interest before rounding, with four decimals: `0,0667`."""
    return f"{growth.segment.amount:.4f}".replace(".", ",")


_GROWTH = (
    Column("number", _("Document no."), head=True),
    Column("period", _("Days"), "cell", value=lambda g: _period(g.segment)),
    Column("principal", _("Amount [zł]"), "money", value=lambda g: g.segment.principal),
    Column("rate", _("Rate a year"), value=lambda g: percent(g.segment)),
    Column("exact", _("Interest before rounding [zł]"), value=_exact),
)


def _period(segment: Segment) -> Cell:
    days = ngettext("%(n)s day", "%(n)s days", segment.days)
    return Cell(days, gettext("%(first)s to %(last)s", first=iso(segment.first), last=iso(segment.last)), whole=True)


def percent(segment: Segment) -> str:
    """A rate as `9,25%`."""
    return f"{segment.rate:f}%".replace(".", ",")


def growth_table(accruals: Sequence[Accrual]) -> Markup:
    """How the interest that no note has charged was counted, stretch by stretch."""
    rows = [Growth(accrual.document.number, segment) for accrual in accruals for segment in accrual.segments]
    return rows_table(_("Interest that has grown"), _GROWTH, rows)


# Payments (L112, L113)


class PaymentOfList:
    """A payment with the documents it was set against; everything else is the row's own."""

    def __init__(self, row: Any, documents: Sequence[Allocation]) -> None:
        self._row, self.documents = row, documents

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    def cells(self) -> list[Cell | str]:
        """The first documents, how many more there are, and what is set against nothing yet."""
        found: list[Cell | str] = [Cell(a.document_number, whole=True) for a in self.documents[:MOST_DOCUMENTS]]
        more = len(self.documents) - MOST_DOCUMENTS
        if more > 0:
            found.append(ngettext("and %(n)s more", "and %(n)s more", more))
        if self.amount < 0 and self.to_pay:
            found.append(gettext("overpayment: %(amount)s", amount=money(-self.to_pay)))
        return found

    def text(self) -> str:
        """All documents, for files."""
        return ", ".join(allocation.document_number for allocation in self.documents)


def _with_documents(rows: list[Any]) -> list[Any]:
    """The rows with their documents: one query for all of them."""
    found = service.set_against(snapshot(), viewer(), [row.id for row in rows])
    return [PaymentOfList(row, found.get(row.id, [])) for row in rows]


def _payment_note(row: Any) -> str:
    return "" if row.kind == "payment" else str(KINDS[row.kind])


PAYMENTS = Table(
    key="core.payments",
    caption=_("Payments"),
    statement=tytan.PAYMENTS,
    row_key=(_ledger.id,),
    columns=(
        Column(
            "posted_on",
            _("Date"),
            "date",
            head=True,
            optional=False,
            sort=_ledger.posted_on,
            link=Link("customer.balance.payment", {"payment_id": "id"}),
        ),
        Column(
            "amount",
            _("Amount [zł]"),
            "money",
            value=lambda row: -row.amount,
            note=_payment_note,
            sort=-_ledger.amount,
        ),
        Column("method", _("Method")),
        Column("title", _("Title")),
        Column("documents", _("Set against"), "cell", value=PaymentOfList.cells, csv=PaymentOfList.text),
    ),
    sort="-posted_on",
    filters=(DateFilter("data", _("Date of payment"), _ledger.posted_on),),
    completed=_with_documents,
    counted=lambda n: ngettext("%(n)s payment", "%(n)s payments", n),
    empty=(_("There are no payments yet"), _("A payment appears here once it is in the billing system.")),
)

_SET_AGAINST = (
    Column("document_number", _("Document no."), head=True),
    Column("amount", _("Amount [zł]"), "money"),
)


def set_against_table(rows: Sequence[Allocation]) -> Markup:
    """The documents of one payment."""
    return rows_table(_("Documents that it was set against"), _SET_AGAINST, rows)


def years_table(rows: Sequence[tytan.Year], address: Callable[[int], str]) -> Markup:
    """The totals of each year; `address(year)` is the list of its payments."""
    has_refunds = any(row.returned for row in rows)
    columns = [
        Column("year", _("Year"), "cell", head=True, value=lambda row: Cell(str(row.year), href=address(row.year))),
        Column("count", _("Number of payments"), "number"),
        Column("paid", _("Paid in [zł]"), "money"),
    ]
    if has_refunds:
        columns.append(Column("returned", _("Returned [zł]"), "money"))
        columns.append(Column("total", _("Together [zł]"), "money", value=lambda row: row.paid - row.returned))
    return rows_table(_("Payments by year"), columns, rows)


# The statement (P39)


def _kind_of(line: StatementLine) -> str:
    """The kind of an entry in words, where its title does not begin with it."""
    kind = str(KINDS.get(line.entry.kind, ""))
    return "" if line.entry.title.startswith(kind) else kind


STATEMENT = (
    Column("date", _("Date"), "date", head=True, value=lambda x: x.entry.posted_on),
    Column("title", _("What"), value=lambda x: x.entry.title, note=_kind_of),
    Column("document", _("Document no."), value=lambda x: x.entry.document_number, shown=False),
    Column("charge", _("Charge [zł]"), "money"),
    Column("credit", _("Payment or credit [zł]"), "money"),
    Column(
        "balance",
        _("Balance after [zł]"),
        "money",
        value=lambda x: abs(x.balance),
        note=lambda x: pgettext("balance", "overpaid") if x.balance < 0 else "",
        csv=lambda x: x.balance,
    ),
)


def statement_table(lines: Sequence[StatementLine]) -> Markup:
    """The entries of a statement with the balance after each."""
    return rows_table(_("Entries"), [column for column in STATEMENT if column.shown], lines)


def age_label(age: Age) -> str:
    """`nieprzeterminowane`, `1–30 dni po terminie`, `ponad 90 dni po terminie`."""
    if age.most == 0:
        return gettext("not overdue")
    if age.most is None:
        return gettext("more than %(days)s days overdue", days=age.least - 1)
    return gettext("%(least)s–%(most)s days overdue", least=age.least, most=age.most)


def ages_table(ages: Sequence[Age]) -> Markup:
    """The open charges by their delay."""
    columns = [
        Column("age", _("Delay"), head=True, value=age_label),
        Column("amount", _("Amount [zł]"), "money"),
    ]
    return rows_table(_("What is open, by delay"), columns, ages)
