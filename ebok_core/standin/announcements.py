"""What the invented utility says to everybody before they sign in: a shut-off, its prices, news."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from ebok_core import clock
from ebok_core.contracts.identity import Viewer
from ebok_core.i18n import iso
from ebok_core.identity import accounts
from ebok_core.public.blocks import service
from ebok_core.public.blocks.models import Block
from ebok_core.runtime import Runtime

SHUT_OFF = (
    "{day} w godz. **8:00–12:00** wymieniamy zasuwę przy ul. Lipowej 1–19. W tym czasie nie będzie wody.\n\n"
    "- Beczkowóz stanie przy Lipowej 5.\n- Po naprawie woda może być przez chwilę mętna: odkręć kran na 2 minuty."
)
PRICES = (
    "Ceny z VAT, taryfa G1:\n\n"
    "- woda: **4,99 zł** za m³\n- ścieki: **8,70 zł** za m³\n- abonament: **6,04 zł** za miesiąc"
)
NEWS = "Zużycie, faktury i stan licznika sprawdzisz teraz w domu. Do założenia konta wystarczy ostatnia faktura."
BLOCKS = (
    ("news", "e-BOK już działa", NEWS),
    ("prices", "Ceny wody i ścieków", PRICES),
    ("shutoffs", "Przerwa w dostawie wody: ul. Lipowa", SHUT_OFF),
)


def write(runtime: Runtime) -> None:
    """Publish the blocks, once."""
    with runtime.database.unit_of_work() as session:
        admin = accounts.find(session, "admin", "staff")
        if admin is None or session.execute(sa.select(Block.id).limit(1)).first() is not None:
            return
        viewer = Viewer(
            account_id=admin.id, kind="staff", login="admin", display_name="Adam Wilk", permissions=frozenset()
        )
        day = iso(clock.today() + timedelta(days=3))
        for kind, title, body in BLOCKS:
            values = {"kind": kind, "title": title, "body": body.replace("{day}", day)}
            service.publish(session, viewer, service.write(session, viewer, None, values, 0), 1)
