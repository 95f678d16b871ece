"""How an FA(3) document is settled and paid."""

from __future__ import annotations

from decimal import Decimal

from ..document import Account, Labelled, PartPayment, Payment, PaymentTerm, Settlement
from .node import Node
from .words import day, decimal, is_yes, label, labelled, meaning


def settlement(node: Node, currency: str) -> Settlement | None:
    """*Rozliczenie*, or None where the document has none."""
    if not node:
        return None
    return Settlement(
        charges=_reasons(node.all("Obciazenia"), currency),
        charges_total=decimal(node.take("SumaObciazen")),
        deductions=_reasons(node.all("Odliczenia"), currency),
        deductions_total=decimal(node.take("SumaOdliczen")),
        to_pay=decimal(node.take("DoZaplaty")),
        to_settle=decimal(node.take("DoRozliczenia")),
    )


def _reasons(nodes: list[Node], currency: str) -> tuple[Labelled, ...]:
    return tuple(
        Labelled(label=node.take("Powod"), value=Decimal(node.take("Kwota") or 0), unit=currency) for node in nodes
    )


def payment(node: Node, currency: str) -> Payment:
    """*Płatność*: what was paid, what is to be paid until when, how and where."""
    paid, parts = node.take("Zaplacono"), node.take("ZnacznikZaplatyCzesciowej")
    state = "zapłacono" if is_yes(paid) else meaning("paid_in_parts", parts) if parts else ""
    discount = node.first("Skonto")
    return Payment(
        state=state,
        paid_on=day(node.take("DataZaplaty")),
        parts=tuple(_part(part) for part in node.all("ZaplataCzesciowa")),
        form=_form(node),
        terms=tuple(_term(term) for term in node.all("TerminPlatnosci") if term.children),
        accounts=tuple(
            _account(account) for name in ("RachunekBankowy", "RachunekBankowyFaktora") for account in node.all(name)
        ),
        link=node.take("LinkDoPlatnosci"),
        details=tuple(labelled(found, currency) for found in (*discount.children, node.first("IPKSeF")) if found),
    )


def _part(node: Node) -> PartPayment:
    return PartPayment(
        amount=Decimal(node.take("KwotaZaplatyCzesciowej") or 0),
        paid_on=day(node.take("DataZaplatyCzesciowej")),
        form=_form(node),
    )


def _form(node: Node) -> str:
    """The form of payment in words: the code's meaning, or the document's own where it is another one."""
    code, words = node.take("FormaPlatnosci"), node.take("OpisPlatnosci")
    other = is_yes(node.take("PlatnoscInna"))
    if code:
        return meaning("payment_form", code)
    return words or (label("PlatnoscInna") if other else "")


def _term(node: Node) -> PaymentTerm:
    words = node.first("TerminOpis")
    texts = [words.take(name) for name in ("Ilosc", "Jednostka", "ZdarzeniePoczatkowe")] if words else []
    return PaymentTerm(due_on=day(node.take("Termin")), words=" ".join(text for text in texts if text))


def _account(node: Node) -> Account:
    return Account(
        number=node.take("NrRB"),
        role=label(node.name),
        swift=node.take("SWIFT"),
        bank=node.take("NazwaBanku"),
        description=node.take("OpisRachunku"),
        details=tuple(labelled(own, "") for own in node.all("RachunekWlasnyBanku")),
    )
