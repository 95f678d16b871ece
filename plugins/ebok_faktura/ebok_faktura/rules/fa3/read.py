"""An FA(3) tree → the document. Every part is read into its place; what nobody read is added as sections at the end."""

from __future__ import annotations

from dataclasses import replace

from ..document import CorrectedInvoice, Correction, InvoiceDocument, Labelled, Section, Source
from . import attachment, money, parties
from .lines import line_notes, lines, total, totals_label, vat_rows
from .node import Node
from .sections import grid, section, sections
from .words import day, decimal, is_yes, label, labelled, meaning

KINDS = {
    "VAT": "invoice",
    "KOR": "correction",
    "ZAL": "advance",
    "ROZ": "settlement",
    "UPR": "simplified",
    "KOR_ZAL": "advance_correction",
    "KOR_ROZ": "settlement_correction",
}
COLLECTIVE = "Faktura korygująca zbiorcza (rabat)"
# Marks that a document prints only where they say yes; the rest say that something does not apply.
NOTES = ("P_16", "P_17", "P_18", "P_18A", "P_23")
EXEMPTIONS = ("P_19A", "P_19B", "P_19C")
MARGINS = ("P_PMarzy_2", "P_PMarzy_3_1", "P_PMarzy_3_2", "P_PMarzy_3_3")
OWN_NOTES = ("FP", "TP", "ZwrotAkcyzy")


def read(root: Node) -> InvoiceDocument:
    """The document that a valid FA(3) tree says. What its values mean is not checked: that is the schema's work."""
    fa, footer = root.first("Fa"), root.first("Stopka")
    currency, code = fa.take("KodWaluty"), fa.take("RodzajFaktury")
    payment, correction, rows = money.payment(fa.first("Platnosc"), currency), _correction(fa, currency), vat_rows(fa)
    document = InvoiceDocument(
        source=Source.XML,
        kind=KINDS.get(code, "other"),
        title=COLLECTIVE if code == "KOR" and correction and correction.period else meaning("kind", code),
        number=fa.take("P_2"),
        currency=currency,
        issued_on=day(fa.take("P_1")),
        issued_at_place=fa.take("P_1M"),
        sold_on=day(fa.take("P_6")),
        period_from=day(fa.take("OkresFa/P_6_Od")),
        period_to=day(fa.take("OkresFa/P_6_Do")),
        due_on=next((term.due_on for term in payment.terms if term.due_on), None),
        correction=correction,
        seller=parties.party(root.first("Podmiot1"), label("Podmiot1")),
        buyer=parties.party(root.first("Podmiot2"), label("Podmiot2")),
        third_parties=tuple(parties.third_party(node) for node in root.all("Podmiot3")),
        authorized=next((parties.authorized_party(node) for node in root.all("PodmiotUpowazniony")), None),
        details=_details(fa, currency),
        lines=lines(fa, currency),
        vat_rows=rows,
        net=total(row.net for row in rows),
        vat=total(row.vat for row in rows),
        total_label=totals_label(code),
        total=decimal(fa.take("P_15")),
        annotations=_annotations(fa),
        additional=_additional(fa, currency),
        settlement=money.settlement(fa.first("Rozliczenie"), currency),
        payment=payment,
        sections=_sections(fa, currency),
        footers=tuple(text for part in footer.all("Informacje") for text in part.take_all("StopkaFaktury")),
        registers=sections(footer.all("Rejestry"), currency),
        attachment=attachment.attachment(root.first("Zalacznik")),
        made_by=_made_by(root.first("Naglowek")),
    )
    return replace(document, sections=document.sections + left_over(root, currency))


def left_over(root: Node, currency: str) -> tuple[Section, ...]:
    """What the file says and nothing above has read, whatever it is: nothing of an accepted file is dropped."""
    return tuple(sections(root.children, currency))


def _details(fa: Node, currency: str) -> tuple[Labelled, ...]:
    named = [labelled(found, currency) for name in ("KodWaluty", "KursWalutyZ") if (found := fa.first(name))]
    return (*named, *(labelled(node, currency) for node in fa.all("WZ")))


def _correction(fa: Node, currency: str) -> Correction | None:
    corrected = fa.all("DaneFaKorygowanej")
    if not corrected:
        return None
    before = next((parties.party(node, label(node.name)) for node in fa.all("Podmiot1K")), None)
    return Correction(
        reason=fa.take("PrzyczynaKorekty"),
        effect=meaning("correction_effect", fa.take("TypKorekty")),
        invoices=tuple(_corrected(node) for node in corrected),
        period=fa.take("OkresFaKorygowanej"),
        right_number=fa.take("NrFaKorygowany"),
        seller_before=before,
        buyers_before=tuple(parties.party(node, label(node.name)) for node in fa.all("Podmiot2K")),
        details=tuple(labelled(found, currency) for name in ("P_15ZK", "KursWalutyZK") if (found := fa.first(name))),
    )


def _corrected(node: Node) -> CorrectedInvoice:
    node.take("NrKSeF")
    return CorrectedInvoice(
        number=node.take("NrFaKorygowanej"),
        issued_on=day(node.take("DataWystFaKorygowanej")),
        ksef_number=node.take("NrKSeFFaKorygowanej"),
        outside_ksef=is_yes(node.take("NrKSeFN")),
    )


def _annotations(fa: Node) -> tuple[str, ...]:
    """The sentences that apply; a mark that says no is read and stays silent."""
    node = fa.first("Adnotacje")
    said = [label(name) for name in NOTES if is_yes(node.take(name))]
    exempt, margin, vehicles = node.first("Zwolnienie"), node.first("PMarzy"), node.first("NoweSrodkiTransportu")
    reasons = [f"{label(name)}: {text}" for name in EXEMPTIONS if (text := exempt.take(name))]
    if is_yes(exempt.take("P_19")):
        said += reasons or [label("P_19")]
    if is_yes(margin.take("P_PMarzy")):
        said += [label(name) for name in MARGINS if is_yes(margin.take(name))]
    said += [label(name) for name in ("P_22", "P_42_5") if is_yes(vehicles.take(name))]
    said += [label(name) for name in OWN_NOTES if is_yes(fa.take(name))]
    for part, name in ((exempt, "P_19N"), (margin, "P_PMarzyN"), (vehicles, "P_22N")):
        part.take(name)
    return tuple(said)


def _additional(fa: Node, currency: str) -> tuple[Section, ...]:
    found = []
    notes = fa.all("DodatkowyOpis")
    if notes:
        found.append(Section(title=label("DodatkowyOpis"), entries=line_notes(notes)))
    for name in ("ZaliczkaCzesciowa", "FakturaZaliczkowa"):
        nodes = fa.all(name)
        if nodes:
            found.append(Section(title=label(name), grids=(grid(nodes, currency, ""),)))
    return tuple(found)


def _sections(fa: Node, currency: str) -> tuple[Section, ...]:
    vehicles = sections(fa.first("Adnotacje/NoweSrodkiTransportu").all("NowySrodekTransportu"), currency)
    terms = sections(fa.all("WarunkiTransakcji"), currency)
    return (*vehicles, *terms, *(_order(node, currency) for node in fa.all("Zamowienie")))


def _order(node: Node, currency: str) -> Section:
    rows = grid(node.all("ZamowienieWiersz"), currency, label("ZamowienieWiersz"))
    whole = section(node, currency)
    return Section(title=whole.title, entries=whole.entries, grids=(rows,))


def _made_by(node: Node) -> tuple[Labelled, ...]:
    form = node.first("KodFormularza")
    for part in ("KodFormularza", "WariantFormularza"):
        node.take(part)
    name = f"{form.attributes.get('kodSystemowy', form.text)}, {form.attributes.get('wersjaSchemy', '')}".rstrip(", ")
    made = [labelled(found, "") for found in (node.first("SystemInfo"), node.first("DataWytworzeniaFa")) if found]
    return (Labelled(label=label("KodFormularza"), value=name), *made)
