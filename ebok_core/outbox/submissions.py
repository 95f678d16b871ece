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

_FIRST = sa.select(Submission.actor, Submission.result).where(Submission.token == sa.bindparam("token"))


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
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    reserved = session.execute(
        insert(Submission)
        .values(token=token, actor=actor, created_at=clock.now_utc())
        .on_conflict_do_nothing(index_elements=[Submission.token])
        .returning(Submission.token)
    ).first()
    if reserved is not None:
        return None
    first = session.execute(_FIRST, {"token": token}).one()
    if first.actor != actor:
        raise Refused(_("Open the form again and send it once more."), code="token_of_another")
    return first.result or ""


def conclude(session: Session, token: str, result: str) -> None:
    """Store where the answer of this submission leads (a path in the portal), for whoever sends it again."""
    session.execute(
        sa.update(Submission).where(Submission.token == token).values(result=result),
        execution_options={"synchronize_session": False},
    )
