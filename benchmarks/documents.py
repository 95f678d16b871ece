"""P1, P3: a two-page invoice with its codes and tags, against a bare writer of the same words; many in one process."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pikepdf

from ebok_core import pdf
from ebok_core.testing import pdfs
from ebok_faktura.drawing import draw
from ebok_faktura.rules import codes
from ebok_faktura.rules.document import (
    Account,
    InvoiceDocument,
    Ksef,
    Labelled,
    Line,
    MeterReading,
    Party,
    Payment,
    PaymentTerm,
    Section,
    Source,
    VatRow,
)

from .limits import bare_pdf
from .report import Line as Figure
from .report import ratio_line

ROUNDS, SLICE, MANY, WARM = 12, 5, 1000, 100
MOST, MOST_BYTES, MOST_GROWTH_MIB = 8.0, 40 * 1024, 4.0
# Invented: no certificate signed it.
NUMBER, ACCOUNT = "7777777777-20260904-0A1B2C3D4E5F-13", "54999000094127000000104217"
SHA = "a359609af84ad072ecebdd6156535955ee69c5c58030bf06eb10a714527ff88f"


def lines() -> Iterator[Figure]:
    """Measure and yield the lines; about half a minute."""
    pdf.warm_up()
    bare_pdf.register()
    document, letterhead = invoice(), pdf.Letterhead(name="Wodociągi Przykładowo", lines=("ul. Źródlana 4",))
    data = draw(document, letterhead)
    found = pdfs.read(data)
    pages = _as_told(found)
    if len(pages) != 2 or len(list(found.root.all("Figure"))) != 2 or pdfs.problems(data):
        raise RuntimeError("this is not the document of the promise: two pages, two codes, tagged")
    ours, limit = _alternating(lambda: draw(document, letterhead), lambda: bare_pdf.write(pages))
    for name, of in (("least", min), ("median", statistics.median)):
        yield ratio_line("P1", f"CPU of a tagged invoice, {name}", of(ours) * 1000, of(limit) * 1000, "ms", most=MOST)
    yield _growth(document, letterhead)
    bare = len(bare_pdf.write(pages)) / 1024
    size = len(data) / 1024
    is_kept = len(data) <= MOST_BYTES
    yield Figure("P3", "size of it", f"{size:.1f} KB", f"{bare:.1f} KB", size / bare, "≤ 40 KB", is_kept)


def _alternating(one: Callable[[], object], other: Callable[[], object]) -> tuple[list[float], list[float]]:
    """CPU seconds of a call of each, in alternating slices, so that a busy machine weighs on both alike."""
    found: tuple[list[float], list[float]] = ([], [])
    for _round in range(ROUNDS):
        for times, act in zip(found, (one, other), strict=True):
            started = time.process_time()
            for _call in range(SLICE):
                act()
            times.append((time.process_time() - started) / SLICE)
    return found


def _growth(document: InvoiceDocument, letterhead: pdf.Letterhead) -> Figure:
    """How much memory a thousand different documents leave behind in one process."""
    before = 0.0
    for number in range(WARM + MANY):
        draw(replace(document, number=f"FV/2026/09/{number:05d}"), letterhead)
        if number == WARM:
            before = _resident_mib()
    growth = _resident_mib() - before
    what = f"memory that {MANY} invoices leave"
    return Figure("P1", what, f"{growth:.1f} MiB", "", None, f"≤ {MOST_GROWTH_MIB:g} MiB", growth <= MOST_GROWTH_MIB)


def _resident_mib() -> float:
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _as_told(found: pdfs.ReadPdf) -> list[bare_pdf.Page]:
    """The words and boxes of a finished document: what a writer that knows every place would have to put there."""
    pages = []
    for number, page in enumerate(found.pdf.pages):
        words, font, place, signs = [], ("", 0.0), (0.0, 0.0), {}
        names = {name: str(font.BaseFont).partition("+")[2] for name, font in page.Resources.Font.items()}
        for operands, operator in pikepdf.parse_content_stream(page, "Tf Td Tj"):
            match str(operator):
                case "Tf":
                    font, signs = (names[str(operands[0])], float(operands[1])), found.letters[str(operands[0])]
                case "Td":
                    place = (float(operands[0]), float(operands[1]))
                case "Tj":
                    text = "".join(signs[code] for code in bytes(operands[0]))
                    words.append(bare_pdf.Word(*place, text, *font))
        boxes = [box for mark, some in found.rectangles.items() if mark[0] == number for box in some]
        path = "".join(f"{x:.2f} {y:.2f} {wide:.2f} {high:.2f} re\n" for x, y, wide, high in boxes)
        pages.append(bare_pdf.Page(words, f"{path}f" if path else ""))
    return pages


def invoice() -> InvoiceDocument:
    """A usual water bill of a business: four lines, one metered, KOD I and the bank's code."""
    seller = Party(
        role="Sprzedawca",
        name="Wodociągi Przykładowo sp. z o.o.",
        nip="7777777777",
        identifiers=(Labelled(label="NIP", value="7777777777"),),
        address=("ul. Źródlana 4", "00-950 Przykładowo", "Polska"),
        contacts=(Labelled(label="Telefon", value="+48 22 555 00 10"),),
    )
    buyer = replace(seller, role="Nabywca", name="Piekarnia Żytnia s.c.", nip="8888888888", contacts=())
    metered = MeterReading(
        meter_number="18-4471203",
        read_from=date(2026, 5, 31),
        read_to=date(2026, 8, 31),
        value_from=Decimal(1243),
        value_to=Decimal(1264),
    )
    names = ("woda", "odprowadzanie ścieków", "opłata abonamentowa – woda", "opłata abonamentowa – ścieki")
    amounts = zip(names, ("21", "18", "3", "3"), ("5.12", "8.47", "4.35", "3.10"), strict=True)
    rows = [
        Line(
            number=number,
            name=name,
            unit="m3" if number < 3 else "mc",
            quantity=Decimal(count),
            unit_price_net=Decimal(price),
            net=Decimal(count) * Decimal(price),
            vat_rate="8%",
            reading=metered if number == 1 else None,
        )
        for number, (name, count, price) in enumerate(amounts, start=1)
    ]
    link = codes.verification_code(
        environment="test",
        mode="online",
        number=NUMBER,
        seller_nip=seller.nip,
        issued_on=date(2026, 9, 4),
        sha256=SHA,
    )
    net, vat, total = Decimal("282.33"), Decimal("22.59"), Decimal("304.92")
    title = "FV/2026/09/00417 K-104217"
    return InvoiceDocument(
        source=Source.ROWS,
        kind="invoice",
        title="Faktura podstawowa",
        number="FV/2026/09/00417",
        issued_on=date(2026, 9, 4),
        period_from=date(2026, 6, 1),
        period_to=date(2026, 8, 31),
        due_on=date(2026, 9, 18),
        ksef=Ksef(number=NUMBER, mode="online", status="Przyjęta", verification=link),
        seller=seller,
        buyer=buyer,
        lines=tuple(rows),
        vat_rows=(VatRow(label="8%", net=net, vat=vat, gross=total),),
        net=net,
        vat=vat,
        total_label="Kwota należności ogółem",
        total=total,
        additional=(
            Section(
                title="Informacje dodatkowe",
                entries=(
                    Labelled(label="Punkt usługi", value="PU-000731, ul. Młyńska 12"),
                    Labelled(label="Grupa taryfowa", value="W1/S1"),
                ),
            ),
        ),
        payment=Payment(
            form="przelew",
            terms=(PaymentTerm(due_on=date(2026, 9, 18)),),
            accounts=(Account(number=ACCOUNT, bank="Bank Przykładowy S.A."),),
        ),
        left_to_pay=total,
        transfer=codes.transfer_code(nip=seller.nip, account=ACCOUNT, amount=total, name=seller.name, title=title),
        footers=("Taryfa zatwierdzona decyzją nr XX.RZT.70.99.2025. Pogotowie wodociągowe: 994.",),
    )
