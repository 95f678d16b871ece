"""Persona A, Maria Zielińska: to the grosz, whatever the day of the demo. Source: features.md, the brief of the demo.

Her settlement quarter is anchored to the day: the invoice of 123.95 fell due 56 days ago, was issued 14 days before
that, and settles the three months that had ended by then. On 2026-11-24 the quarters are those of the design's pages.
"""

from __future__ import annotations

from datetime import date, timedelta

from ebok_core.standin import billing, identifiers, numbering, paying, people, premises, tariff, timeline, utility
from ebok_core.standin.billing import Bill, Draft, Metered
from ebok_core.standin.books import Books, Document
from ebok_core.standin.numbering import Numbering
from ebok_core.standin.plans import GARDEN, ContractPlan, CustomerPlan, MeterPlan, PointPlan
from ebok_core.standin.population import CONTRACT_NAMES
from ebok_core.standin.timeline import Period

CODE, NAME = "1-01001", "Maria Zielińska"
OVERDUE_DAYS, TERM = 56, 14
QUARTERS, PLOT_QUARTERS, GARDEN_QUARTERS = 24, 10, 21
PAID, LEFT, INTEREST = 11298, 1097, 86
PAID_DAYS_AGO, NOTE_DAYS_AGO, DEMAND_DAYS_AGO, SERVICE_DAYS_AGO = 29, 25, 14, 202
CONTRACT_ENDS_IN_DAYS = 24

# Newest quarter first; what is older repeats from the start.
MAIN_M3 = (9, 9, 8, 9, 10, 10, 9, 10)
GARDEN_M3 = (2, 1, 0, 1, 3, 2, 0, 2, 4, 2, 0, 2, 3, 2, 0, 3, 4, 2, 0, 2, 5)
PLOT_M3 = (9, 6, 1, 5)
MAIN_LAST, GARDEN_LAST, PLOT_SETTLED, PLOT_LAST = 421, 40, 84, 87
METHODS = ("reader", "customer", "customer", "reader")

INVOICE_PRICES = {"water": 46_200, "sewage": 80_600, "standing": 55_900}
"""The price list of 2026, by which the invoice comes to 123.95."""
SERVICE_LINES = (("Przebudowa studzienki wodomierzowej", 46_000), ("Montaż zestawu wodomierzowego", 9_372))
"""Net grosze; with 8 % VAT the invoice comes to 598.02."""
NUMBERS = {0: 412, 1: 287, 2: 133, 3: 566}
SERVICE_NUMBER, NOTE_NUMBER, DEMAND_NUMBER = 215, 77, 131
REJECTED_QUARTER, REJECTED_VALUE = 3, 935
REJECTED_REASON = "Na zdjęciu jest 395, wpisano 935."


def maria(numbers: Numbering, as_of: date) -> Books:
    """Her books: balance 29.20 = 10.97 of one invoice + 0.86 interest + 17.37 cost of a demand."""
    customer = _customer(as_of)
    quarters = _quarters(as_of)
    home, plot = _home(customer, quarters), _plot(customer, quarters, as_of)
    books = Books(customer, numbers, as_of)
    open_invoice = _live_at_home(books, home, quarters)
    _live_at_the_plot(books, plot, quarters)
    _service_invoice(books, home)
    today = as_of.toordinal()
    paid, noted = interest_days(books, open_invoice)
    books.pay(paid, open_invoice, PAID)
    _interest_note(books, open_invoice, noted)
    issued = today - DEMAND_DAYS_AGO
    paying.demand(books, issued, _number(numbering.PAYMENT_DEMAND, issued, DEMAND_NUMBER))
    return books


def _customer(as_of: date) -> CustomerPlan:
    return CustomerPlan(
        code=CODE,
        name=NAME,
        customer_type="Osoba fizyczna",
        address=people.town_address("Lipowa", "12"),
        mailing=people.town_address("Kościuszki", "3", "14"),
        email=f"maria.zielinska@{utility.DOMAIN}",
        phone="61 000 10 01",
        pesel=identifiers.pesel(1, female=True),
        account=identifiers.nrb(100100),
        einvoice_since=as_of.toordinal() - 500,
        registered=date(2013, 4, 22).toordinal(),
    )


def _quarters(as_of: date) -> list[Period]:
    """Her settlement periods, newest first."""
    issued = as_of - timedelta(days=OVERDUE_DAYS + TERM)
    month = timeline.month_number(issued)
    return [timeline.period(month - 3 * (place + 1), 3) for place in range(QUARTERS)]


def _lag(books: Books, quarters: list[Period]) -> int:
    return books.as_of - OVERDUE_DAYS - TERM - quarters[0].last


def _number(series: str, issued: int, number: int) -> str:
    return f"{series} {date.fromordinal(issued).year}/{number:06d}"


def _home(customer: CustomerPlan, quarters: list[Period]) -> PointPlan:
    year = date.fromordinal(quarters[0].last).year
    main = MeterPlan(
        id="L-1001-M1",
        number="12CB050038",
        installed=date(2013, 4, 22).toordinal(),
        legalization_year=year - 2,
        legalization_valid_to=f"{year + 3}.12",
        value=MAIN_LAST - sum(_m3(MAIN_M3, QUARTERS)),
    )
    garden = MeterPlan(
        id="L-1001-M2",
        number="21GR004417",
        role=GARDEN,
        parent_id=main.id,
        group=premises.GARDEN_GROUP,
        installed=quarters[GARDEN_QUARTERS - 1].first,
        producer="Hydrolicz",
        type="HL 20",
        diameter=15,
        owner="Odbiorca",
        legalization_year=year - 1,
        legalization_valid_to=f"{year + 4}.12",
        seal="P271828",
    )
    point = _point(customer, 0, "Dom", "Lipowa", "12", billing.BOTH, customer.registered, "Um 2018/3111", None)
    point.mains, point.gardens = [main], [garden]
    _contract(customer, point, date(2018, 5, 4).toordinal(), date(2018, 5, 7).toordinal())
    return point


def _plot(customer: CustomerPlan, quarters: list[Period], as_of: date) -> PointPlan:
    opened = quarters[PLOT_QUARTERS - 1].first
    start = PLOT_SETTLED - sum(_m3(PLOT_M3, PLOT_QUARTERS))
    meter = MeterPlan(
        id="L-1001-M3",
        number="19IZ118820",
        installed=opened,
        installed_value=start,
        value=start,
        producer="Wodomex",
        type="WDX JS-4",
        diameter=15,
        legalization_year=as_of.year - 7,
        legalization_valid_to=f"{as_of.year - 2}.12",
        seal="P314159",
        radio_number="RS19118820",
    )
    ends = as_of.toordinal() + CONTRACT_ENDS_IN_DAYS
    point = _point(customer, 1, "Działka", "Nad Strugą", "7", billing.WATER_ONLY, opened, "Um 2024/0207", ends)
    point.mains = [meter]
    contract = _contract(customer, point, opened - 10, opened)
    contract.individual_account = identifiers.nrb(100102)
    return point


def _point(
    customer: CustomerPlan,
    place: int,
    name: str,
    street: str,
    house_no: str,
    service: str,
    opened: int,
    contract_number: str,
    contract_valid_to: int | None,
) -> PointPlan:
    point = PointPlan(
        code=f"403-1001-{place}",
        ordinal=0,
        name=f"{name}, {NAME}",
        address=people.town_address(street, house_no),
        service=service,
        group=tariff.HOUSEHOLD,
        cycle=3,
        phase=0,
        lag=0,
        term=TERM,
        opened=opened,
        contract_number=contract_number,
        contract_valid_to=contract_valid_to,
    )
    customer.points.append(point)
    return point


def _contract(customer: CustomerPlan, point: PointPlan, signed: int, valid_from: int) -> ContractPlan:
    contract = ContractPlan(
        number=point.contract_number,
        party=NAME,
        name=CONTRACT_NAMES[point.service],
        signed=signed,
        valid_from=valid_from,
        valid_to=point.contract_valid_to,
        point=point,
    )
    customer.contracts.append(contract)
    return contract


def _m3(pattern: tuple[int, ...], quarters: int) -> list[int]:
    """The m³ of the newest quarters, newest first."""
    return [pattern[place % len(pattern)] for place in range(quarters)]


def _live_at_home(books: Books, point: PointPlan, quarters: list[Period]) -> Document:
    """All quarters of the house, oldest first; each is paid two days early but the newest, which is returned."""
    main, garden = point.mains[0], point.gardens[0]
    lag = _lag(books, quarters)
    main.read = quarters[-1].first - 1
    books.read(point, main.id, main.read, main.value, None, "reader")
    document = None
    for place in reversed(range(QUARTERS)):
        quarter = quarters[place]
        issued = quarter.last + lag
        number = NUMBERS.get(place) or 40 * date.fromordinal(issued).month + 7
        if place == REJECTED_QUARTER:
            books.read(
                point, main.id, quarter.last - 9, REJECTED_VALUE, None, "customer", "rejected", reason=REJECTED_REASON
            )
        number_text = _number(numbering.INVOICE, issued, number)
        method = METHODS[place % len(METHODS)]
        metered = [_read(books, point, main, quarter, MAIN_M3[place % len(MAIN_M3)], method, number_text)]
        gardens = []
        if place == GARDEN_QUARTERS - 1:
            garden.read = garden.installed
            books.read(point, garden.id, garden.installed, 0, None, "initial")
        if place < GARDEN_QUARTERS:
            gardens = [_read(books, point, garden, quarter, GARDEN_M3[place], method, number_text)]
        bill = _bill(point, quarter, metered, gardens) if place else newest_bill(metered[0], gardens[0])
        document = _issue(books, point, number_text, issued, quarter, bill, paid=bool(place))
    return document


def _live_at_the_plot(books: Books, point: PointPlan, quarters: list[Period]) -> None:
    """The garden plot, read by radio; the newest reading, of yesterday, is on no invoice yet."""
    meter = point.mains[0]
    lag = _lag(books, quarters)
    meter.read = meter.installed
    books.read(point, meter.id, meter.installed, meter.value, None, "initial")
    for place in reversed(range(PLOT_QUARTERS)):
        quarter = quarters[place]
        issued = quarter.last + lag
        number = _number(numbering.INVOICE, issued, 40 * date.fromordinal(issued).month + 19)
        metered = _read(books, point, meter, quarter, PLOT_M3[place % len(PLOT_M3)], "radio", number)
        _issue(books, point, number, issued, quarter, _bill(point, quarter, [metered], []), paid=True)
    yesterday = books.as_of - 1
    books.read(point, meter.id, yesterday, PLOT_LAST, PLOT_LAST - PLOT_SETTLED, "radio", "accepted")
    meter.value, meter.read = PLOT_LAST, yesterday


def _read(
    books: Books, point: PointPlan, meter: MeterPlan, quarter: Period, m3: int, method: str, number: str
) -> Metered:
    value = meter.value + m3
    metered = Metered(meter.id, meter.digits, meter.value, value, meter.read, quarter.last, m3, 0)
    books.read(point, meter.id, quarter.last, value, m3, method, invoice_number=number)
    meter.value, meter.read = value, quarter.last
    return metered


def _bill(point: PointPlan, quarter: Period, main: list[Metered], garden: list[Metered]) -> Bill:
    return billing.water_bill(point.group, point.service, quarter.first, quarter.last, quarter.months, main, garden)


def newest_bill(main: Metered, garden: Metered) -> Bill:
    """The invoice of 123.95: 9 m³ of water, 7 m³ of sewage and three months, by the price list of 2026."""
    group = tariff.HOUSEHOLD
    sewage = main.quantity - garden.quantity
    return billing.total(
        [
            billing.draft(
                billing.WATER.format(group), billing.CUBIC_METRE, main.quantity, INVOICE_PRICES["water"], main
            ),
            billing.draft(billing.GARDEN, billing.CUBIC_METRE, garden.quantity, 0, garden),
            billing.draft(billing.SEWAGE.format(group), billing.CUBIC_METRE, sewage, INVOICE_PRICES["sewage"]),
            billing.draft(billing.STANDING, billing.MONTH, 3, INVOICE_PRICES["standing"]),
        ]
    )


def _issue(
    books: Books, point: PointPlan, number: str, issued: int, quarter: Period, bill: Bill, *, paid: bool
) -> Document:
    document = books.issue(
        "invoice", number, issued, issued + TERM, bill, period=(quarter.first, quarter.last), point=point
    )
    if paid:
        books.pay(document.due - 2, document, document.to_pay)
    return document


def _service_invoice(books: Books, point: PointPlan) -> None:
    issued = books.as_of - SERVICE_DAYS_AGO
    drafts = [
        Draft(name, billing.PIECE, 1, net * billing.GROSZ_PRICE, net, billing.VAT_REDUCED)
        for name, net in SERVICE_LINES
    ]
    number = _number(numbering.INVOICE, issued, SERVICE_NUMBER)
    document = books.issue("invoice", number, issued, issued + TERM, billing.total(drafts), point=point)
    books.pay(document.due - 1, document, document.to_pay)


def interest_days(books: Books, document: Document) -> tuple[int, int]:
    """The days of the part payment and of the note, near those of the design, on which interest comes to 0.86."""
    today = books.as_of
    for paid_ago in sorted(range(20, 50), key=lambda ago: abs(ago - PAID_DAYS_AGO)):
        for noted_ago in sorted(range(16, paid_ago), key=lambda ago: abs(ago - NOTE_DAYS_AGO)):
            if paying.interest_of(document, [(today - paid_ago, PAID)], today - noted_ago) == INTEREST:
                return today - paid_ago, today - noted_ago
    return today - PAID_DAYS_AGO, today - NOTE_DAYS_AGO


def _interest_note(books: Books, document: Document, day: int) -> None:
    number = _number(numbering.INTEREST_NOTE, day, NOTE_NUMBER)
    note = paying.interest_note(books, [document], day, upto=day, number=number)
    if note and note.bill.gross != INTEREST:
        # Before the rate table begins to differ this can't be; the balance of the demo must hold all the same.
        line = Draft(f"Odsetki od {document.number}", billing.PIECE, 1, INTEREST * 100, INTEREST, billing.VAT_NONE)
        note.bill = billing.total([line])
        note.to_pay = INTEREST
