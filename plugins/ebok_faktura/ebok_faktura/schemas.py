"""How documents and what becomes of them are named, the choices of the lists' filters, what the forms accept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from marshmallow import ValidationError, validates_schema

from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import lazy_pgettext
from ebok_core.notifications import mobile_number
from ebok_core.web import (
    Cell,
    Choice,
    Column,
    Email,
    Flag,
    FormSchema,
    NearDate,
    Text,
    Word,
    password_field,
    rows_table,
)

from .rules import BILLS, CORRECTIONS, Family, State

# Kinds of billing.md §1.2; a kind that is not here is shown as TYTAN writes it.
KINDS: Mapping[str, Any] = {
    "invoice": _("Invoice"),
    "correction": _("Correcting invoice"),
    "advance": _("Advance invoice"),
    "settlement": _("Settlement invoice"),
    "simplified": _("Simplified invoice"),
    "advance_correction": _("Correction of an advance invoice"),
    "settlement_correction": _("Correction of a settlement invoice"),
    "duplicate": _("Duplicate"),
    "interest_note": _("Interest note"),
    "debit_note": _("Debit note"),
    "credit_note": _("Credit note"),
    "payment_demand": _("Payment demand"),
    "balance_confirmation": _("Confirmation of the balance"),
    "other": _("Other document"),
}

# State of a document -> its word and the word's kind while the due date has not passed.
STATES: Mapping[State, tuple[Any, str]] = {
    State.UNPAID: (lazy_pgettext("document", "Unpaid"), "wait"),
    State.PART_PAID: (lazy_pgettext("document", "Partly paid"), "wait"),
    State.PAID: (lazy_pgettext("document", "Paid"), "ok"),
    State.CREDIT: (lazy_pgettext("document", "To be set off"), "info"),
    State.SETTLED: (lazy_pgettext("document", "Settled"), "ok"),
}

# The filter's choices: name in the address, label, kinds.
TYPES: tuple[tuple[str, Any, frozenset[str]], ...] = (
    ("faktura", _("Invoices"), BILLS),
    ("korekta", _("Corrections"), CORRECTIONS),
    ("nota", _("Interest notes"), frozenset({"interest_note"})),
    ("wezwanie", _("Payment demands"), frozenset({"payment_demand"})),
)

FAMILIES: Mapping[Family, Any] = {
    Family.BILL: _("Invoices"),
    Family.CORRECTION: _("Corrections"),
    Family.INTEREST: _("Interest notes"),
    Family.DEMAND: _("Payment demands"),
}


def kind_name(kind: str) -> str:
    """The kind of a document in words."""
    return str(KINDS.get(kind, kind))


# Distribution and receipts

CHANNELS: Mapping[str, Any] = {
    "email": _("E-mail"),
    "email_sms": _("E-mail and a text message (SMS)"),
    "sms": _("A text message (SMS), and an e-mail if it does not get through"),
}
SHORT_CHANNELS: Mapping[str, Any] = {"email": _("e-mail"), "email_sms": _("e-mail and SMS"), "sms": _("SMS")}
CONSENT_KINDS: Mapping[str, Any] = {
    "given": _("Consent given"),
    "changed": _("Address or way changed"),
    "withdrawn": _("Consent withdrawn"),
}
# TYTAN's answer to a consent -> its word and the word's kind.
ANSWERS: Mapping[str, tuple[Any, str]] = {
    "waiting": (_("waits for the billing system"), "wait"),
    "applied": (_("taken over in the billing system"), "ok"),
    "rejected": (_("rejected by the billing system"), "bad"),
}
NOTICE_STATES: Mapping[str, tuple[Any, str]] = {
    "paper": (lazy_pgettext("notice", "paper"), ""),
    "held": (lazy_pgettext("notice", "held"), "bad"),
    "queued": (lazy_pgettext("notice", "queued"), "wait"),
    "accepted": (lazy_pgettext("notice", "accepted by the server"), "info"),
    "bounced": (lazy_pgettext("notice", "returned"), "bad"),
}
RECEIVED = (lazy_pgettext("notice", "received"), "ok")
REASONS: Mapping[str, Any] = {
    "no_consent": _("no consent"),
    "failing_address": _("the address fails"),
    "no_address": _("no address"),
    "limit": _("too many mails in a day, goes on tomorrow"),
}
# Steps of the ladder of proof, by channel where that matters; only the last three count as receipt.
STEPS: Mapping[str, Any] = {
    "queued": _("Queued"),
    "sent": _("Sent"),
    "accepted": _("Accepted by the server"),
    "delivered": _("Delivered to the mailbox (report of the server)"),
    "delayed": _("Delayed (report of the server)"),
    "bounced": _("Returned"),
    "failed": _("Text message not sent"),
    "machine": _("Link fetched without signing in (does not count)"),
    "opened": _("Opened after signing in"),
    "downloaded": _("File fetched after signing in"),
    "confirmed": _("Receipt confirmed"),
}


class MobileNumber(Text):
    """A Polish mobile number however it is grouped, loaded as `+48501000123`."""

    default_error_messages = {"mobile": _("Write a Polish mobile number, such as 501 000 123")}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        number = mobile_number(super()._deserialize(value, attr, data, **kwargs))
        if number is None:
            raise self.make_error("mobile")
        return number


class ConsentSchema(FormSchema):
    """The form of the consent; the password is asked for when the last one was given some time ago."""

    channel = Choice(tuple(CHANNELS.items()), required=True, metadata={"label": _("How to tell you of a new invoice?")})
    email = Email(
        required=True,
        metadata={
            "label": _("E-mail address for invoices"),
            "hint": _("Notices go there; it may differ from the address of your account."),
            "autocomplete": "email",
        },
    )
    phone = MobileNumber(
        max=40,
        metadata={
            "label": _("Mobile number"),
            "hint": _("Only for text messages. Polish numbers only, for example 501 000 123."),
            "autocomplete": "tel",
        },
    )
    agreed = Flag(required=True, metadata={"label": _("I agree")})
    password = password_field()

    @validates_schema
    def check_phone(self, values: Mapping[str, Any], **_kwargs: Any) -> None:
        """Text messages need a number."""
        if values.get("channel") in ("email_sms", "sms") and not values.get("phone"):
            raise ValidationError(str(_("Give a mobile number for the text messages")), "phone")


class WithdrawSchema(FormSchema):
    """The form that withdraws the consent; it stands on the page of the other form, so its field has its own name."""

    own_password = password_field()


class ConfirmSchema(FormSchema):
    """The button that confirms a receipt: nothing but the form's own token."""


class RecordSchema(FormSchema):
    """The period of a record for debt collection: days of issue, both optional; what is no date is no limit."""

    okres_od = NearDate()
    okres_do = NearDate()


class CheckSchema(FormSchema):
    """*Sprawdź dokument*: the file, or the number with the code; which of them is there, the view asks."""

    plik = Text(
        metadata={"label": _("The PDF as you got it"), "hint": _("Up to 5 MB. We only compare it and do not keep it")}
    )
    numer = Text(
        max=40, metadata={"label": _("Document no."), "hint": _("As on the document, for example R. 2026/000417")}
    )
    kod = Text(
        max=40, metadata={"label": _("Code of the document"), "hint": _("At its end, for example ABCD-0123-4567")}
    )


def grouped(phone: str | None) -> str | None:
    """A mobile number as people read it: `501 000 123`."""
    if not phone:
        return None
    digits = phone.removeprefix("+48")
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def answer_word(row: Any) -> Word:
    """TYTAN's answer to a consent, with its reason where it refused."""
    text, kind = ANSWERS[row.status]
    return Word(kind, str(text), row.reason or "")


def _where(row: Any) -> Cell | None:
    if row.channel is None:
        return None
    return Cell(str(SHORT_CHANNELS[row.channel]), ", ".join(filter(None, (row.email, grouped(row.phone)))))


CONSENT_HISTORY = (
    Column("at", _("When"), "instant", head=True),
    Column("kind", _("What"), value=lambda row: str(CONSENT_KINDS[row.kind])),
    Column("where", _("How and where"), "cell", value=_where),
    Column("display_name", _("Who")),
    Column("ip", _("From which address (IP)")),
    Column("text_version", _("Wording no."), value=lambda row: str(row.text_version)),
    Column("answer", _("Billing system"), "word", value=answer_word),
)


def history_table(events: Sequence[Any]) -> Markup | None:
    """A consent's history, for its owner and for the office; None without any."""
    return rows_table(_("History of the consent"), CONSENT_HISTORY, events, wide=True) if events else None
