"""The frame around every page: header, menu, breadcrumb, title, footer, and how old the data are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import current_app, g, render_template, request, url_for
from markupsafe import Markup, escape

from ebok_core import clock
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import Zone
from ebok_core.i18n import current_locale, gettext
from ebok_core.tytan import copy, reads, state

from .addresses import here
from .brand import sheet_name
from .context import optional_viewer, snapshot
from .look import Look, current
from .menu import Item, active, menu
from .utility import Office, known_office, office

# Endpoints of other rooms that the frame links to; a link whose endpoint is not mounted is left out.
HOME = {Zone.PUBLIC: "public.identity.sign_in", Zone.CUSTOMER: "customer.core.start", Zone.ADMIN: "admin.core.home"}
SIGN_IN = {Zone.PUBLIC: "public.identity.sign_in", Zone.ADMIN: "public.identity.staff_sign_in"}
SIGN_OUT = "public.identity.sign_out"
SWITCH_CUSTOMER = "customer.core.switch_customer"

_MOST_KEPT = 128
_HEADER = sa.select(copy.customers.c.code, copy.customers.c.name, copy.customers.c.status)


class Header(NamedTuple):
    """The acting customer in the header (L05, L06)."""

    code: str
    name: str
    status: str


@dataclass(frozen=True)
class Age:
    """How old the copy is: `as_of` None while nothing was copied; `reachable`: TYTAN answered last time."""

    as_of: datetime | None
    reachable: bool = True

    @property
    def hours(self) -> int:
        """Whole hours since the copy was taken."""
        return 0 if self.as_of is None else max(0, int((clock.now_utc() - self.as_of).total_seconds() // 3600))

    @property
    def level(self) -> str:
        """`ok`; `yellow` over 26 h or while TYTAN is away; `red` over 72 h or without a copy (reliability.md §6)."""
        freshness = state.freshness(self.as_of, clock.now_utc())
        if freshness is state.Freshness.OLD:
            return "red"
        return "ok" if freshness is state.Freshness.FRESH and self.reachable else "yellow"


@dataclass
class Frame:
    """Everything `base.html` asks for. Lazy: a page pays for what it shows. `bare`: nothing asks the database."""

    topic: str
    crumbs: tuple[tuple[str, str | None], ...] = ()
    menu_key: str | None = None
    is_error: bool = False
    bare: bool = False
    zone: Zone = field(default_factory=lambda: frame_zone())

    @cached_property
    def viewer(self) -> Viewer | None:
        """Who is signed in."""
        return optional_viewer()

    @cached_property
    def office(self) -> Office:
        """The utility."""
        return known_office() if self.bare else office()

    @property
    def contact(self) -> Any:
        """The utility's contact data."""
        return self.office.contact

    @property
    def look(self) -> Look:
        """Theme, text size, language."""
        return current()

    @property
    def title(self) -> str:
        """`Temat – e-BOK – zakład`, with `Błąd: ` while a form has errors (WCAG 2.4.2)."""
        prefix = gettext("Error: ") if self.is_error else ""
        return f"{prefix}{self.topic} – e-BOK – {self.contact.title}"

    @cached_property
    def header(self) -> Header | None:
        """The acting customer's code, name and status from the copy; the viewer's own name while the copy is empty."""
        viewer = self.viewer
        if viewer is None or viewer.customer_code is None:
            return None
        found = [] if self.bare else reads.rows(snapshot(), viewer, _HEADER, as_=Header)
        return found[0] if found else Header(viewer.customer_code, viewer.display_name, "")

    @cached_property
    def age(self) -> Age | None:
        """The age of the copy, for who sees its data."""
        return None if self.viewer is None or self.bare else copy_age()

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The menu of this zone."""
        return menu(self.zone, self.viewer)

    @cached_property
    def path(self) -> tuple[Item, ...]:
        """The active entry, its group before it."""
        return active(self.items, request.endpoint, self.menu_key)

    @property
    def head(self) -> Markup:
        """Style sheets, fonts, scripts: the same for everybody."""
        sheet, declaration = self.brand_sheet, self.declaration_url
        text = kept(
            ("head", sheet),
            lambda: render_template("ebok_core/web/_head.html", brand_sheet=sheet, declaration=declaration),
        )
        return Markup(text)  # noqa: S704 - a template's output

    @cached_property
    def look_form(self) -> Markup:
        """The buttons of the service line: twice on the page, and the same for everybody with this look."""
        look, locale = self.look, current_locale()
        form = kept(("look", look, locale), lambda: render_template("ebok_core/web/_look.html", look=look))
        token = str(current_app.jinja_env.globals["csrf_token"]())
        return Markup(form.replace("~TOKEN~", escape(token)).replace("~HERE~", escape(self.here)))  # noqa: S704

    @cached_property
    def footer(self) -> Markup:
        """The footer, the same for everybody."""
        name = "ebok_core/web/_footer_admin.html" if self.is_panel else "ebok_core/web/_footer.html"
        contact = self.contact
        text = kept((name, contact, current_locale()), lambda: render_template(name, contact=contact, tel=self.tel))
        return Markup(text)  # noqa: S704 - a template's output

    @property
    def menu_list(self) -> Markup:
        """The entries of the main menu, with the active one marked."""
        rights = self.viewer.permissions if self.viewer else frozenset()
        marked = tuple((item.key, self.current(item)) for item in self.path[:1])
        key = ("menu", self.zone, rights, current_locale(), marked)
        lines = kept(key, lambda: "\n".join(item.line(self.current(item)) for item in self.items))
        return Markup(lines)  # noqa: S704 - escaped in `Item.line`

    def current(self, item: Item) -> str | None:
        """The value of `aria-current`: the page itself, or the part of the portal it belongs to."""
        if item not in self.path:
            return None
        return "page" if item.endpoint == request.endpoint else "true"

    @cached_property
    def trail(self) -> list[tuple[str, str | None]]:
        """The breadcrumb as `(label, address or None)`: home, the menu's entries, the page's own parts, this page."""
        trail: list[tuple[str, str | None]] = []
        home = self.home
        if home:
            trail.append((gettext("Start") if self.zone is Zone.ADMIN else gettext("Home page"), home))
        trail += [(item.label, item.href) for item in self.path if item.href != home]
        trail += [(str(label), _address(place)) for label, place in self.crumbs]
        trail = [part for index, part in enumerate(trail) if index == 0 or part != trail[index - 1]]
        if trail and trail[-1][0] == self.topic:
            trail.pop()
        return [*trail, (self.topic, None)]

    @property
    def home(self) -> str | None:
        """The address of the zone's first page."""
        return self.link(HOME[self.zone])

    def link(self, endpoint: str, **values: Any) -> str | None:
        """The address of an endpoint, or None while no installed part mounts it."""
        if endpoint not in current_app.view_functions:
            return None
        return url_for(endpoint, **values) if values else kept(("url", endpoint), lambda: url_for(endpoint))

    @property
    def sign_out(self) -> str | None:
        """Where "Wyloguj" posts to."""
        return self.link(SIGN_OUT) if self.viewer else None

    @property
    def sign_in(self) -> str | None:
        """Where a stranger signs in."""
        return None if self.viewer else self.link(SIGN_IN.get(self.zone, SIGN_IN[Zone.PUBLIC]))

    @property
    def switch_customer(self) -> str | None:
        """Where "Zmień klienta" leads, for accounts with several customers."""
        several = self.viewer is not None and len(self.viewer.customer_codes) > 1
        return self.link(SWITCH_CUSTOMER) if several else None

    @property
    def brand_sheet(self) -> str | None:
        """The second style sheet; None while the utility keeps the colour that theme.css already has."""
        name = sheet_name(self.office.look.colour)
        return url_for("public.web.brand", name=name) if name else None

    @property
    def base(self) -> str:
        """The template that a page of both zones extends."""
        return "ebok_core/web/base_admin.html" if self.is_panel else "ebok_core/web/base.html"

    @property
    def is_panel(self) -> bool:
        """Whether this is the staff's frame."""
        return self.zone is Zone.ADMIN

    @cached_property
    def here(self) -> str:
        """Where the service line's buttons come back to."""
        return here()

    @property
    def declaration_url(self) -> str:
        """The absolute address of the accessibility declaration, for the head of every page (accessibility.md §4.1)."""
        base: str = current_app.extensions["ebok"].settings.public_url.rstrip("/")
        return f"{base}{self.link('public.public.accessibility')}"

    @staticmethod
    def tel(number: str) -> str:
        """A phone number as a link: national numbers of nine digits get +48."""
        digits = "".join(c for c in number if c.isdigit() or c == "+")
        return f"tel:+48{digits}" if len(digits) == 9 else f"tel:{digits}"

    @property
    def idle_minutes(self) -> int:
        """Minutes of silence after which the session ends, for the warning; 0 for strangers."""
        if self.viewer is None:
            return 0
        settings = current_app.extensions["ebok"].settings
        return int(settings.idle_minutes_staff if self.viewer.kind == "staff" else settings.idle_minutes_customer)


def kept(key: Any, build: Callable[[], str]) -> str:
    """A part of pages that depends on nothing but its key, built once; no key holds what a person typed (S52)."""
    parts: dict[Any, str] = current_app.extensions.setdefault("ebok_parts", {})
    found = parts.get(key)
    if found is None:
        if len(parts) >= _MOST_KEPT:
            parts.clear()
        found = parts[key] = build()
    return found


def copy_age() -> Age:
    """The age of the copy, asked once a request."""
    if "ebok_age" not in g:
        found = state.copy_state(snapshot())
        g.ebok_age = Age(found.as_of, found.source_reachable)
    return g.ebok_age


def frame_zone() -> Zone:
    """Whose menu this page shows: signed-in people keep their own on public pages; errors follow the address."""
    viewer = optional_viewer()
    if viewer is not None:
        return Zone.ADMIN if viewer.kind == "staff" else Zone.CUSTOMER
    if request.path == "/panel" or request.path.startswith("/panel/"):
        return Zone.ADMIN
    return Zone.PUBLIC


def parts(crumbs: Iterable[tuple[Any, str | None]]) -> tuple[tuple[str, str | None], ...]:
    """The page's own parts of the breadcrumb, as given to `render`."""
    return tuple((str(label), place) for label, place in crumbs)


def _address(place: str | None) -> str | None:
    """An endpoint or an address as an address."""
    return place if place is None or place.startswith("/") else url_for(place)
