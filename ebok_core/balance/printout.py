"""The statement of account as a tagged PDF (P39): the balance and its parts first, then every entry."""

from __future__ import annotations

from datetime import datetime

from ebok_core import pdf
from ebok_core.i18n import dotted, instant_in_words, money, pgettext
from ebok_core.i18n import gettext as _
from ebok_core.web import Acting

from . import tables
from .rules import Balance, Statement, StatementLine


def statement_pdf(
    customer: Acting, statement: Statement, *, letterhead: pdf.Letterhead, as_of: datetime | None
) -> bytes:
    """The document; amounts as on the page, dates as in documents. Takes some 20 ms and more for long accounts."""
    period = _("%(first)s to %(last)s", first=dotted(statement.since), last=dotted(statement.until))
    body: list[pdf.Block] = [
        pdf.Title(_("Statement of account"), lead=period),
        pdf.Pairs(((_("Customer"), customer.name), (_("Customer code"), customer.code)), columns=2),
        _key(statement),
    ]
    body += [pdf.Heading(_("Entries")), _entries(statement)]
    if statement.ages:
        body += [pdf.Heading(_("What is open, by delay")), _ages(statement)]
    if as_of:
        body.append(pdf.Paragraph(_("Data from %(moment)s", moment=instant_in_words(as_of)) + ".", small=True))
    title = _("Statement of account %(code)s, %(period)s", code=customer.code, period=period)
    return pdf.render(pdf.Document(title=f"{title} – {letterhead.name}", letterhead=letterhead, body=tuple(body)))


def _key(statement: Statement) -> pdf.Key:
    return pdf.Key(
        _("Balance on %(day)s", day=dotted(statement.until)),
        money(abs(statement.closing)),
        note=_side(statement),
        sums=pdf.Sums(
            _("How the balance came about"),
            (
                (_("Opening balance"), money(statement.opening)),
                (_("Charges"), money(statement.charges)),
                (_("Payments and credits"), money(-statement.credits)),
            ),
            (_("Closing balance"), money(statement.closing)),
        ),
    )


def _side(statement: Statement) -> str:
    balance = statement.at_closing
    return tables.side_word(balance) if balance else ""


def _entries(statement: Statement) -> pdf.Block:
    if not statement.lines:
        return pdf.Paragraph(_("There are no entries in this period."))
    columns = (
        pdf.Column(_("Date")),
        pdf.Column(_("What"), head=True),
        pdf.Column(_("Charge [zł]"), numeric=True),
        pdf.Column(_("Payment or credit [zł]"), numeric=True),
        pdf.Column(_("Balance after [zł]"), numeric=True),
    )
    first = (dotted(statement.since), _("Opening balance"), None, None, _amount(statement.opening))
    last = (dotted(statement.until), _("Closing balance"), None, None, _amount(statement.closing))
    return pdf.Table(
        _("Entries"), columns, (first, *(_line(line) for line in statement.lines)), totals=(last,), quiet=True
    )


def _line(line: StatementLine) -> tuple[str | None, ...]:
    return (
        dotted(line.entry.posted_on),
        line.entry.title,
        None if line.charge is None else money(line.charge, unit=False),
        None if line.credit is None else money(line.credit, unit=False),
        _amount(line.balance),
    )


def _amount(balance: object) -> str:
    return money(balance, unit=False)  # type: ignore[arg-type]


def _ages(statement: Statement) -> pdf.Table:
    balance: Balance | None = statement.at_closing
    rows = [(tables.age_label(age), money(age.amount, unit=False)) for age in statement.ages]
    if balance and balance.overpayment:
        rows.append((pgettext("statement", "Overpayment, to take off"), money(-balance.overpayment, unit=False)))
    return pdf.Table(
        _("What is open, by delay"),
        (pdf.Column(_("Delay"), head=True), pdf.Column(_("Amount [zł]"), numeric=True)),
        tuple(rows),
        totals=((_("Total"), money(statement.closing, unit=False)),),
        quiet=True,
    )
