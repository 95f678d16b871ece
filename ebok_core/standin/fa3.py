"""TYTAN's FA(3) files: what the stand-in sends to KSeF, written as plain text. The portal has a reader of its own.

The same document gives the same bytes. Which mode it went through follows from its number, so that every mode of
billing.md §6 is there: most were sent online, some in an offline mode, a few in a total failure never.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256, sha512
from xml.sax.saxutils import escape

from ebok_core.standin import identifiers, utility
from ebok_core.standin.billing import VAT_BASIC, VAT_REDUCED, Line, Metered
from ebok_core.standin.rows import iso

KSEF_SINCE = date(2026, 4, 1).toordinal()
"""The day from which the utility sends invoices of firms to KSeF (billing.md §6)."""
NAMESPACE = "http://crd.gov.pl/wzor/2025/06/25/13775/"
CERTIFICATE = "01F20A5D352AE590"
ONLINE, OFFLINE, UNAVAILABILITY, FAILURE, TOTAL = "online", "offline24", "unavailability", "failure", "failure_total"
# Of 256 documents, by the first byte of their number's hash.
MODES = ((200, ONLINE), (224, OFFLINE), (238, UNAVAILABILITY), (250, FAILURE), (256, TOTAL))
FOOTER = "Pogotowie wodociągowe: 994. Wodociągi Brzozowa Struga: dokument pokazowy, wszystkie dane są zmyślone."


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """The invoice that a correction names; `ksef_number` None where it was issued outside KSeF."""

    number: str
    issued: int
    ksef_number: str | None


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What an invoice says. Days are ordinals, amounts whole grosze; `meters` gives the numbers by their ids."""

    number: str
    issued: int
    due: int
    period: tuple[int, int] | None
    lines: tuple[Line, ...]
    gross: int
    buyer_name: str
    buyer_nip: str | None
    buyer_address: str
    customer_code: str
    account: str | None
    contract_number: str | None = None
    point_code: str | None = None
    meters: Mapping[str, str]
    corrected: Corrected | None = None
    reason: str | None = None


def write(paper: Paper) -> bytes:
    """The FA(3) file of an invoice or a correction."""
    body = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<Faktura xmlns="{NAMESPACE}">',
        '<Naglowek><KodFormularza kodSystemowy="FA (3)" wersjaSchemy="1-0E">FA</KodFormularza>',
        "<WariantFormularza>3</WariantFormularza>",
        f"<DataWytworzeniaFa>{iso(paper.issued)}T06:15:00Z</DataWytworzeniaFa>",
        "<SystemInfo>TYTAN SQL, dane pokazowe</SystemInfo></Naglowek>\n",
        _seller(),
        _buyer(paper),
        "<Fa>",
        f"<KodWaluty>PLN</KodWaluty><P_1>{iso(paper.issued)}</P_1>{_tag('P_1M', utility.CITY)}",
        _tag("P_2", paper.number),
        _period(paper),
        *_sums(paper),
        _NO_NOTES,
        _kind(paper),
        *_notes(paper),
        *(_line(number, line) for number, line in enumerate(paper.lines, start=1)),
        _payment(paper),
        _contract(paper),
        "</Fa>\n",
        f"<Stopka><Informacje>{_tag('StopkaFaktury', FOOTER)}</Informacje></Stopka>",
        "</Faktura>",
    ]
    return "".join(body).encode()


def ksef(number: str, issued: int, content: bytes, as_of: int) -> dict[str, str | None]:
    """The columns of KSeF of a document that was sent: what is younger than a day has no number yet."""
    mode = mode_of(number)
    digest = sha256(content).hexdigest()
    found: dict[str, str | None] = {"ksef_mode": mode, "xml_sha256": digest}
    waits = issued >= as_of if mode == ONLINE else issued >= as_of - 1
    if mode == TOTAL:
        return found
    if not waits:
        day = iso(issued if mode == ONLINE else issued + 1)
        found["ksef_number"] = identifiers.ksef_number(utility.NIP, day, int(digest[:12], 16))
        found["ksef_assigned_at"] = f"{day} 20:{int(digest[12], 16):02d}:00.000000"
    elif mode != ONLINE:
        found["certificate_url"] = certificate_link(digest)
    return found


def mode_of(number: str) -> str:
    """The mode in which a document of this number was issued."""
    first = sha256(number.encode()).digest()[0]
    return next(mode for limit, mode in MODES if first < limit)


def certificate_link(digest: str) -> str:
    """The ready link of KOD II, with a signature that nobody made."""
    signed = base64.urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode()
    signature = base64.urlsafe_b64encode(sha512(digest.encode()).digest()).rstrip(b"=").decode()
    host = "https://qr-test.ksef.mf.gov.pl/certificate"
    return f"{host}/Nip/{utility.NIP}/{utility.NIP}/{CERTIFICATE}/{signed}/{signature}"


def amount(grosze: int) -> str:
    """Złoty with two places."""
    sign = "-" if grosze < 0 else ""
    return f"{sign}{abs(grosze) // 100}.{abs(grosze) % 100:02d}"


def price(ten_thousandths: int) -> str:
    """Złoty with as many places as are needed."""
    whole, rest = divmod(abs(ten_thousandths), 10_000)
    places = f"{rest:04d}".rstrip("0")
    sign = "-" if ten_thousandths < 0 else ""
    return f"{sign}{whole}.{places}" if places else f"{sign}{whole}"


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _address(text: str) -> str:
    first, _, last = text.rpartition(", ")
    lines = [("AdresL1", first or last), *([("AdresL2", last)] if first else [])]
    return f"<Adres><KodKraju>PL</KodKraju>{''.join(_tag(*line) for line in lines)}</Adres>"


def _seller() -> str:
    identity = f"<NIP>{utility.NIP}</NIP>{_tag('Nazwa', utility.NAME)}"
    contact = f"<Email>bok@{utility.DOMAIN}</Email><Telefon>{utility.PHONE}</Telefon>"
    return (
        f"<Podmiot1><DaneIdentyfikacyjne>{identity}</DaneIdentyfikacyjne>{_address(utility.ADDRESS)}"
        f"<DaneKontaktowe>{contact}</DaneKontaktowe></Podmiot1>\n"
    )


def _buyer(paper: Paper) -> str:
    who = f"<NIP>{paper.buyer_nip}</NIP>" if paper.buyer_nip else "<BrakID>1</BrakID>"
    identity = f"<DaneIdentyfikacyjne>{who}{_tag('Nazwa', paper.buyer_name)}</DaneIdentyfikacyjne>"
    rest = f"{_tag('NrKlienta', paper.customer_code)}<JST>2</JST><GV>2</GV>"
    return f"<Podmiot2>{identity}{_address(paper.buyer_address)}{rest}</Podmiot2>\n"


def _period(paper: Paper) -> str:
    if paper.period is None:
        return ""
    first, last = paper.period
    return f"<OkresFa><P_6_Od>{iso(first)}</P_6_Od><P_6_Do>{iso(last)}</P_6_Do></OkresFa>"


def _sums(paper: Paper) -> Iterable[str]:
    for suffix, rate in (("1", VAT_BASIC), ("2", VAT_REDUCED)):
        lines = [line for line in paper.lines if line.draft.vat_rate == rate]
        if lines:
            yield f"<P_13_{suffix}>{amount(sum(line.draft.net for line in lines))}</P_13_{suffix}>"
            yield f"<P_14_{suffix}>{amount(sum(line.vat for line in lines))}</P_14_{suffix}>"
    yield f"<P_15>{amount(paper.gross)}</P_15>"


def _kind(paper: Paper) -> str:
    corrected = paper.corrected
    if corrected is None:
        return "<RodzajFaktury>VAT</RodzajFaktury>"
    number = (
        f"<NrKSeF>1</NrKSeF><NrKSeFFaKorygowanej>{corrected.ksef_number}</NrKSeFFaKorygowanej>"
        if corrected.ksef_number
        else "<NrKSeFN>1</NrKSeFN>"
    )
    issued = f"<DataWystFaKorygowanej>{iso(corrected.issued)}</DataWystFaKorygowanej>"
    return (
        f"<RodzajFaktury>KOR</RodzajFaktury>{_tag('PrzyczynaKorekty', paper.reason or 'korekta')}"
        f"<TypKorekty>1</TypKorekty><DaneFaKorygowanej>{issued}{_tag('NrFaKorygowanej', corrected.number)}{number}"
        "</DaneFaKorygowanej>"
    )


def _notes(paper: Paper) -> Iterable[str]:
    """Meters and readings by the keys of billing.md §7.3."""
    if paper.point_code:
        yield _note(None, "Punkt usługi", paper.point_code)
    for number, line in enumerate(paper.lines, start=1):
        metered = line.draft.metered
        if metered:
            yield _note(number, "Nr wodomierza", paper.meters.get(metered.meter_id, metered.meter_id))
            yield _note(number, "Odczyt poprzedni", f"{iso(metered.read_from)}: {metered.value_from} m3")
            yield _note(number, "Odczyt bieżący", f"{iso(metered.read_to)}: {metered.value_to} m3{_estimate(metered)}")


def _estimate(metered: Metered) -> str:
    return " (szacunkowy)" if metered.estimated else ""


def _note(number: int | None, key: str, value: str) -> str:
    line = f"<NrWiersza>{number}</NrWiersza>" if number else ""
    return f"<DodatkowyOpis>{line}{_tag('Klucz', key)}{_tag('Wartosc', value)}</DodatkowyOpis>"


def _line(number: int, line: Line) -> str:
    item = line.draft
    rate = item.vat_rate.rstrip("%")
    return (
        f"\n<FaWiersz><NrWierszaFa>{number}</NrWierszaFa>{_tag('P_7', item.name)}{_tag('P_8A', item.unit)}"
        f"<P_8B>{item.quantity}</P_8B><P_9A>{price(item.price)}</P_9A><P_11>{amount(item.net)}</P_11>"
        f"<P_12>{rate}</P_12></FaWiersz>"
    )


def _payment(paper: Paper) -> str:
    term = f"<TerminPlatnosci><Termin>{iso(paper.due)}</Termin></TerminPlatnosci>"
    account = (
        f"<RachunekBankowy><NrRB>{paper.account}</NrRB><NazwaBanku>Bank Przykładowy S.A.</NazwaBanku>"
        "<OpisRachunku>rachunek indywidualny klienta</OpisRachunku></RachunekBankowy>"
        if paper.account
        else ""
    )
    return f"\n<Platnosc>{term}<FormaPlatnosci>6</FormaPlatnosci>{account}</Platnosc>"


def _contract(paper: Paper) -> str:
    if not paper.contract_number:
        return ""
    return f"<WarunkiTransakcji><Umowy>{_tag('NrUmowy', paper.contract_number)}</Umowy></WarunkiTransakcji>"


_NO_NOTES = (
    "<Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18><P_18A>2</P_18A>"
    "<Zwolnienie><P_19N>1</P_19N></Zwolnienie><NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu>"
    "<P_23>2</P_23><PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy></Adnotacje>"
)
