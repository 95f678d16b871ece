"""Sending again is safe: a form's or a device's token stands for one submission and its answer (R03, R04).

A view that accepts a fact:

    with unit_of_work() as session:
        earlier = once(session, viewer.account_id, form["token"])
        if earlier is None:
            reading = service.submit_reading(session, viewer, …)
            conclude(session, form["token"], url_for("customer.odczyt.submitted", reading_id=reading.id))
    return redirect(earlier or …, code=303)
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.db.work import in_unit_of_work
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _

from .models import Submission

_T = Submission.__table__
_FIRST = sa.select(_T.c.actor, _T.c.result).where(_T.c.token == sa.bindparam("token"))
_CONCLUDE = sa.update(_T).where(_T.c.token == sa.bindparam("which")).values(result=sa.bindparam("answer"))
_RESERVE = {
    name: insert(_T)
    .values({c: sa.bindparam(c, type_=_T.c[c].type) for c in ("token", "actor", "created_at")})
    .on_conflict_do_nothing(index_elements=[_T.c.token])
    .returning(_T.c.token)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def once(session: Session, actor: str, token: str) -> str | None:
    """Reserve a token for the actor. None: this is the first submission; else the result that the first one stored.

    Of parallel submissions one gets None and the others wait for its commit. The first whose unit of work fails leaves
    nothing behind. Raises `Refused` for a token of another actor, or one that is empty or longer than 64 characters.
    A first submission that stored no result answers with an empty text.
    """
    if not in_unit_of_work():
        raise RuntimeError("once outside a unit of work: the token and the fact must be stored together")
    if not 0 < len(token) <= 64:
        raise Refused(_("Open the form again and send it once more."), code="token_unusable")
    values = {"token": token, "actor": actor, "created_at": clock.now_utc()}
    reserved = session.execute(_RESERVE[session.get_bind().dialect.name], values).first()
    if reserved is not None:
        return None
    first = session.execute(_FIRST, {"token": token}).one()
    if first.actor != actor:
        raise Refused(_("Open the form again and send it once more."), code="token_of_another")
    return first.result or ""


def conclude(session: Session, token: str, result: str) -> None:
    """Store where the answer of this submission leads (a path in the portal), for whoever sends it again."""
    session.execute(_CONCLUDE, {"which": token, "answer": result})
