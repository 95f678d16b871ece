"""The frame around every page: header, menu, breadcrumb, title, footer, and how old the data are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from flask import current_app, render_template, request, url_for
from markupsafe import Markup, escape

from ebok_core import clock
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import Zone
from ebok_core.i18n import current_locale, gettext, pgettext
from ebok_core.tytan import state

from . import glance, panel, preview, switch
from .acting import acting
from .addresses import here
from .brand import sheet_name
from .context import optional_viewer
from .login import live_session
from .look import Look, current
from .menu import Item, active, menu
from .pieces import csrf_token, kept
from .utility import Office, known_office, office

# Endpoints of other rooms that the frame links to; a link whose endpoint is not mounted is left out.
HOME = {Zone.PUBLIC: "public.identity.sign_in", Zone.CUSTOMER: "customer.core.start", Zone.ADMIN: "admin.core.home"}
SIGN_IN = {Zone.PUBLIC: "public.identity.sign_in", Zone.ADMIN: "public.identity.staff_sign_in"}
SIGN_OUT = "public.identity.sign_out"
SWITCH_CUSTOMER = "customer.core.switch_customer"


class Header(NamedTuple):
    """The acting customer in the header (L05, L06)."""

    code: str
    name: str
    status: str


class Outline(NamedTuple):
    """All that the frame's kept pieces depend on; `rights` None for strangers, `named`: a customer is acted for."""

    zone: Zone
    rights: frozenset[str] | None
    locale: str
    look: Look
    title: str
    named: bool
    several: bool
    marked: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Age:
    """How old the copy is: `as_of` None while nothing was copied; `reachable`: TYTAN answered last time.

    `held_back` customers keep an older state because the new one does not add up.
    """

    as_of: datetime | None
    reachable: bool = True
    held_back: int = 0

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
        found = None if self.bare else acting()
        header = Header(*found[:3]) if found else Header(viewer.customer_code, viewer.display_name, "")
        return header._replace(status=pgettext("account status", "suspended")) if self.is_suspended else header

    @property
    def is_suspended(self) -> bool:
        """Whether the account may only look (L06)."""
        return self.viewer is not None and self.viewer.status == "suspended"

    @property
    def suspension(self) -> str | None:
        """Why the account is suspended, as the office wrote it."""
        live = None if self.bare else live_session()
        return live.row.status_reason if live is not None and live.row is not None else None

    @cached_property
    def age(self) -> Age | None:
        """The age of the copy, for who sees its data."""
        return None if self.viewer is None or self.bare else copy_age()

    @cached_property
    def preview(self) -> preview.Running | None:
        """The banner of a member of staff's preview; None where none runs."""
        return None if self.bare or self.viewer is None else preview.running()

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The menu of this zone."""
        return menu(self.zone, self.viewer)

    @cached_property
    def path(self) -> tuple[Item, ...]:
        """The active entry, its group before it."""
        return active(self.zone, self.viewer, request.endpoint, self.menu_key)

    @cached_property
    def outline(self) -> Outline:
        """What decides the frame around the page's own part, its addresses and the menu's marks."""
        viewer = self.viewer
        return Outline(
            zone=self.zone,
            rights=viewer.permissions if viewer else None,
            locale=current_locale(),
            look=self.look,
            title=self.contact.title,
            named=self.header is not None,
            several=viewer is not None and len(viewer.customer_codes) > 1,
            marked=tuple((item.key, self.current(item)) for item in self.path),
        )

    @property
    def head(self) -> Markup:
        """Style sheets, fonts, scripts: the same for everybody."""
        colour = self.office.look.colour
        return kept(("head", colour), lambda: self._piece("_head.html", brand_sheet=_brand_sheet(colour)))

    @property
    def top(self) -> Markup:
        """Everything above the page's own part: service line, logo, who is signed in, main menu."""
        return self._top(has_menu=True)

    @property
    def plain_top(self) -> Markup:
        """The same without the main menu, for pages that have one of their own at the side."""
        return self._top(has_menu=False)

    def _top(self, *, has_menu: bool) -> Markup:
        key = ("top", self.outline, has_menu)
        own = {"who": self.who, "here": self.escaped_here, "switch": self.switch_form}
        return kept(key, lambda: self._piece("_top.html", has_menu=has_menu), **own)

    @property
    def token(self) -> str:
        """The form token."""
        return csrf_token()

    @property
    def side(self) -> Markup:
        """The panel's menu, with the number of what waits for this person."""
        own = {"here": self.escaped_here, "work": panel.work_count(None if self.bare else self.viewer)}
        return kept(("side", self.outline), lambda: self._piece("_side.html"), **own)

    @property
    def find(self) -> str | None:
        """Where the panel's search is."""
        return self.link("admin.core.search") if self.viewer is not None else None

    @cached_property
    def help(self) -> str | None:
        """The address of this page's help for staff; None where there is none (L163)."""
        if not self.is_panel or self.viewer is None:
            return None
        page = panel.help_of(self.menu_key)
        return self.link("admin.core.help_page", key=page.key) if page else None

    @property
    def footer(self) -> Markup:
        """The footer, the same for everybody."""
        name = "_footer_admin.html" if self.is_panel else "_footer.html"
        return kept((name, self.contact, current_locale()), lambda: self._piece(name, contact=self.contact))

    @property
    def session_dialog(self) -> Markup:
        """The warning before a session ends by itself; nothing for strangers."""
        minutes = self.idle_minutes
        if not minutes:
            return Markup()
        return kept(
            ("session", minutes, current_locale()), lambda: self._piece("_session.html"), here=self.escaped_here
        )

    @property
    def who(self) -> Markup:
        """Who is signed in, as the header says it (L05)."""
        header, viewer = self.header, self.viewer
        signed_in = escape(gettext("Signed in as"))
        if header is not None:
            status = f" · {escape(gettext('Status'))}: {escape(header.status)}" if header.status else ""
            return Markup(f"{signed_in} ({escape(header.code)})<br><strong>{escape(header.name)}</strong>{status}")  # noqa: S704
        return Markup(f"{signed_in} <strong>{escape(viewer.display_name)}</strong>") if viewer else Markup()  # noqa: S704

    @property
    def crumbs_line(self) -> Markup:
        """The breadcrumb as markup: links, the last part is this page."""
        *before, (topic, _here) = self.trail
        parts = [
            f'<li><a href="{escape(href)}">{escape(text)}</a></li>' if href else f"<li><span>{escape(text)}</span></li>"
            for text, href in before
        ]
        label = escape(gettext("You are here"))
        last = f'<li><span aria-current="page">{escape(topic)}</span></li>'
        return Markup(f'<nav class="eb-crumbs" aria-label="{label}"><ol>{"".join(parts)}{last}</ol></nav>')  # noqa: S704

    def shared(self, template: str) -> Markup:
        """A template that prints only what follows from the menu, the viewer's rights and the page's endpoint."""
        key = (template, self.outline, request.endpoint)
        return kept(key, lambda: render_template(template, frame=self))

    def _piece(self, name: str, **context: Any) -> str:
        """Render the template of a kept piece; `mark` stands where a request fills in its own."""
        return render_template(f"ebok_core/web/{name}", frame=self, **context)

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

    @cached_property
    def home(self) -> str | None:
        """The address of the zone's first page."""
        return self.link(HOME[self.zone])

    def link(self, endpoint: str, **values: Any) -> str | None:
        """The address of an endpoint, or None while no installed part mounts it."""
        if endpoint not in current_app.view_functions:
            return None
        return url_for(endpoint, **values)

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
    def switch_form(self) -> Markup:
        """The header's choice of the customer (P06): a form for a few, for more a link to the page with the search."""
        if not self.switch_customer:
            return Markup()
        return kept(None, lambda: self._piece("_switch.html", **switch.choices(self)))

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

    @cached_property
    def escaped_here(self) -> Markup:
        """The same inside an attribute."""
        return escape(self.here)

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


def copy_age() -> Age:
    """The age of the copy, asked once a request."""
    return Age(*glance.copy_age())


def as_of() -> Markup:
    """The age of the copy in words, beside figures: the same for everybody."""
    key = ("as_of", copy_age().as_of, current_locale())
    return kept(key, lambda: render_template("ebok_core/web/_as_of.html", age=copy_age()))


def _brand_sheet(colour: str) -> str | None:
    """The second style sheet; None while the utility keeps the colour that theme.css already has."""
    name = sheet_name(colour)
    return url_for("public.web.brand", name=name) if name else None


def frame_zone() -> Zone:
    """Whose menu this page shows: signed-in people keep their own on public pages; errors follow the address."""
    viewer = optional_viewer()
    if viewer is not None:
        return Zone.ADMIN if viewer.kind == "staff" and not viewer.is_preview else Zone.CUSTOMER
    if request.path == "/panel" or request.path.startswith("/panel/"):
        return Zone.ADMIN
    return Zone.PUBLIC


def parts(crumbs: Iterable[tuple[Any, str | None]]) -> tuple[tuple[str, str | None], ...]:
    """The page's own parts of the breadcrumb, as given to `render`."""
    return tuple((str(label), place) for label, place in crumbs)


def _address(place: str | None) -> str | None:
    """An endpoint or an address as an address."""
    return place if place is None or place.startswith("/") else url_for(place)
