"""A module made up for the tests of the web layer: a list of the copy, a stated one, a form, cards."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request

from ebok_core import DashboardCard, MenuEntry, Mount, Permission, SlotFragment, Zone, clock
from ebok_core.db import pl_sort
from ebok_core.testing.planted import planted
from ebok_core.tytan import copy
from ebok_core.web import (
    Action,
    Cell,
    Choice,
    Column,
    DateFilter,
    Filter,
    Flag,
    FormSchema,
    Link,
    Money,
    NearDate,
    Option,
    Secret,
    Table,
    Text,
    WholeNumber,
    Word,
    back_to,
    blank,
    cards,
    done,
    list_page,
    load,
    redirect_to,
    render,
)

i = copy.invoices.c

READ = Permission(key="probe.read", title="Read", roles=frozenset({"customer"}))
EXTRA = Permission(key="probe.extra", title="Extra")

INVOICES = Table(
    key="probe.invoices",
    caption="Wszystkie faktury",
    statement=sa.select(i.number, i.kind, i.issued_on, i.due_on, i.gross, i.to_pay, i.corrected_invoice),
    row_key=(i.number,),
    columns=(
        Column(
            "number",
            "Nr dokumentu",
            head=True,
            optional=False,
            sort=i.number,
            link=Link("customer.probe.invoice", {"number": "number"}),
        ),
        Column("kind", "Typ dokumentu", sort=pl_sort(i.kind)),
        Column("issued_on", "Data wystawienia", "date", sort=i.issued_on),
        Column("gross", "Kwota [zł]", "money", sort=i.gross),
        Column("to_pay", "Kwota do zapłaty [zł]", "money"),
        Column(
            "state",
            "Status",
            "word",
            value=lambda row: Word("wait", "Niezapłacona") if row.to_pay else Word("ok", "Zapłacona"),
        ),
        Column(
            "due_on",
            "Termin płatności",
            "cell",
            value=lambda row: Cell(row.due_on.isoformat(), "po terminie", late=True),
        ),
        Column("corrected_invoice", "Korekta do", sort=i.corrected_invoice, shown=False),
        Column(
            "actions",
            "Możliwe działania",
            "actions",
            value=lambda row: [Action("Zapłać", "/x", row.number)] if row.to_pay else [],
        ),
    ),
    sort="-issued_on",
    filters=(
        Filter(
            "stan",
            "Stan",
            (Option("niezaplacone", "Niezapłacone", i.to_pay > 0), Option("zaplacone", "Zapłacone", i.to_pay == 0)),
            chips=True,
        ),
        Filter(
            "okres",
            "Okres",
            (
                Option(
                    "rok",
                    "ostatni rok",
                    i.issued_on >= sa.bindparam("since", type_=sa.Date),
                    lambda: {"since": clock.today() - timedelta(days=365)},
                ),
                Option("wszystkie", "wszystkie lata"),
            ),
            default="wszystkie",
        ),
        Filter("typ", "Typ", lambda: [("invoice", "faktura"), ("interest", "nota")], column=i.kind),
        DateFilter("dzien", "Data wystawienia", i.issued_on),
    ),
    search=i.search_text,
    search_label="Numer dokumentu",
    counted=lambda n: f"{n} dokumentów",
    empty=("Nie masz jeszcze dokumentów", ""),
    slot="probe.row_actions",
)

STATED = Table(
    key="probe.stated",
    caption="Klienci",
    statement=sa.select(copy.customers.c.code, copy.customers.c.name),
    row_key=(copy.customers.c.code,),
    columns=(Column("code", "Kod", head=True), Column("name", "Nazwa", sort=pl_sort(copy.customers.c.name))),
    sort="name",
    reach="stated",
)


class EverySchema(FormSchema):
    """One field of each kind."""

    reading = WholeNumber(required=True, metadata={"label": "Stan wodomierza", "hint": "Ostatnio: 421 m³"})
    read_on = NearDate(required=True, latest=clock.today, metadata={"label": "Data odczytu"})
    amount = Money(metadata={"label": "Kwota"})
    note = Text(max=20, multiline=True, metadata={"label": "Uwagi"})
    password = Secret(max=128, metadata={"label": "Hasło", "autocomplete": "current-password"})
    way = Choice([("email", "E-mailem"), ("post", "Listem")], metadata={"label": "Jak wysyłać?"})
    sure = Flag(metadata={"label": "Na pewno"})


def blueprints() -> list[Mount]:
    """New blueprints for each application: Flask registers one only once."""
    pages = Blueprint("probe", __name__, url_prefix="/proba", template_folder=str(Path(__file__).parent / "templates"))
    panel = Blueprint("probe", __name__, url_prefix="/proba", template_folder=str(Path(__file__).parent / "templates"))

    @pages.get("/karty")
    def cards_() -> Any:
        return render("ebok_probe/cards.html", title="Strona główna", cards=cards())

    @pages.get("/")
    def index() -> Any:
        return list_page(INVOICES, "ebok_probe/list.html", title="Wszystkie faktury")

    @pages.get("/stated")
    def stated() -> Any:
        return list_page(STATED, "ebok_probe/list.html", title="Klienci")

    @pages.get("/faktura/<path:number>")
    def invoice(number: str) -> Any:
        return render(
            "ebok_probe/page.html",
            title=number,
            crumbs=[("Dokumenty", "customer.probe.index")],
            back=back_to(INVOICES, "customer.probe.index"),
        )

    @pages.route("/formularz", methods=["GET", "POST"])
    def form() -> Any:
        found = load(EverySchema) if request.method == "POST" else blank(EverySchema, reading=421, way="post")
        if found.ok and found.data["reading"] > 1000:
            found.warn(
                "reading", "Dużo więcej niż zwykle", text="Sprawdź cyfry.", confirm="Tak, tyle jest na wodomierzu"
            )
        if found.ok:
            done(f"Przyjęliśmy stan {found.data['reading']} m³.")
            return redirect_to("customer.probe.index")
        return render("ebok_probe/form.html", title="Podaj stan", form=found)

    @panel.get("/")
    def people() -> Any:
        return list_page(STATED, "ebok_probe/panel.html", title="Klienci")

    return [
        Mount(zone=Zone.CUSTOMER, blueprint=pages, permission=READ),
        Mount(zone=Zone.ADMIN, blueprint=panel, permission=READ),
    ]


def probe(**hooks: Any) -> tuple[str, Any]:
    """The module, with further hooks or others in place of its own."""
    declared = {
        "ebok_blueprints": blueprints(),
        "ebok_permissions": [READ, EXTRA],
        "ebok_menu_entries": [
            MenuEntry(
                key="probe.index", zone=Zone.CUSTOMER, label="Płatności", endpoint="customer.probe.index", order=20
            ),
            MenuEntry(
                key="probe.form",
                zone=Zone.CUSTOMER,
                label="Odczyt",
                endpoint="customer.probe.form",
                parent="probe.index",
            ),
            MenuEntry(
                key="probe.hidden",
                zone=Zone.CUSTOMER,
                label="Ukryte",
                endpoint="customer.probe.index",
                permission=EXTRA,
            ),
            MenuEntry(
                key="probe.orphan",
                zone=Zone.CUSTOMER,
                label="Sierota",
                endpoint="customer.probe.cards_",
                parent="probe.absent",
                order=30,
            ),
            MenuEntry(key="probe.group", zone=Zone.ADMIN, label="Start"),
            MenuEntry(
                key="probe.people",
                zone=Zone.ADMIN,
                label="Klienci",
                endpoint="admin.probe.people",
                parent="probe.group",
            ),
        ],
    }
    return planted("ebok_probe", **{**declared, **hooks})


def card(load_: Any, *, key: str = "probe.card", area: str = "main") -> DashboardCard:
    """A card of the start page."""
    return DashboardCard(key=key, template="ebok_probe/_card.html", load=load_, area=area)


def fragment(
    load_: Any, *, slot: str, template: str = "ebok_probe/_card.html", key: str = "probe.part"
) -> SlotFragment:
    """A slot fragment."""
    return SlotFragment(key=key, slot=slot, template=template, load=load_)
