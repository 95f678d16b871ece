"""What the office does for a person who can't get in, or whose sessions must end. It never sees or sets a password.

Each act has a reason, is audited, and is told to the person. The caller has asked for the password again (§6.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, i18n
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import accounts, notices, rules, sessions
from ebok_core.identity.factor import steps
from ebok_core.identity.models import Account, CustomerAccess, SignInSession
from ebok_core.identity.permissions import RESET_STAFF

from . import codes, mails

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

SUBJECT = "core.office_reset"
LINK_PATH = "/haslo/"
BY_MAIL, BY_LETTER = "mail", "letter"
EVERYBODY = ("customer", "staff", "all")

_A, _C, _S = Account.__table__, CustomerAccess.__table__, SignInSession.__table__
CODES = (
    sa.select(sa.func.aggregate_strings(_C.c.customer_code, ", "))
    .where(_C.c.account_id == _A.c.id, _C.c.revoked_at.is_(None))
    .scalar_subquery()
)
_OPEN_SESSIONS = sa.select(sa.func.count()).where(_S.c.account_id == _A.c.id, _S.c.ended_at.is_(None)).scalar_subquery()
_PERSON = sa.select(
    _A.c.id,
    _A.c.kind,
    _A.c.login,
    _A.c.display_name,
    _A.c.email,
    _A.c.status,
    _A.c.password_hash.is_not(None).label("has_password"),
    _A.c.password_spoiled_at.is_not(None).label("must_change"),
    CODES.label("customer_codes"),
    _OPEN_SESSIONS.label("sessions"),
).where(_A.c.id == sa.bindparam("account_id"))
_COUNTS = (
    sa.select(_A.c.kind, sa.func.count())
    .join_from(_S, _A, _A.c.id == _S.c.account_id)
    .where(_S.c.ended_at.is_(None))
    .group_by(_A.c.kind)
)


class Person(NamedTuple):
    """An account as the office sees it; `customer_codes` by comma, `sessions` how many are open."""

    id: str
    kind: str
    login: str
    display_name: str
    email: str | None
    status: str
    has_password: bool
    must_change: bool
    customer_codes: str | None
    sessions: int


def person(session: Session, viewer: Viewer, account_id: str) -> Person:
    """The account, if the viewer may look after it: staff only with the right for it. Raises `NotFound`."""
    row = session.execute(_PERSON, {"account_id": account_id}).first()
    if row is None or (row.kind == "staff" and not viewer.may(RESET_STAFF)):
        raise NotFound(_("There is no such account."))
    return Person._make(row)


def reset_by_mail(session: Session, viewer: Viewer, account_id: str, *, reason: str) -> None:
    """Send the person a one-time link to a new password; their sessions end, the old password only lets them change it.

    Raises `NotFound`, `Refused` with `own` (one's own account), `blocked`, `no_mailbox`.
    """
    found = _begin(session, viewer, account_id)
    if found.email is None:
        raise Refused(_("This account has no e-mail address. Make a letter with a code"), code="no_mailbox")
    token, expires = accounts.make_link(session, account_id, actor=viewer)
    locale = session.scalar(sa.select(_A.c.locale).where(_A.c.id == account_id)) or i18n.DEFAULT_LOCALE
    with i18n.use_locale(locale):
        until = i18n.instant_in_words(expires)
    mails.send(
        session,
        mails.OFFICE_LINK,
        found.email,
        subject=(SUBJECT, account_id, int(expires.timestamp())),
        locale=locale,
        path=f"{LINK_PATH}{token}",
        login=found.login,
        until=until,
    )
    _end(session, viewer, found, BY_MAIL, reason)


def reset_by_letter(
    runtime: Runtime, session: Session, viewer: Viewer, account_id: str, customer_code: str, *, reason: str
) -> None:
    """Make a letter with a code to the correspondence address of one of the account's customers.

    Raises `NotFound`, `Refused` with `own`, `blocked`, `not_customer`, `too_soon`.
    """
    found = _begin(session, viewer, account_id)
    if found.kind != "customer":
        raise Refused(_("A letter goes to a customer's address. Staff get a link"), code="not_customer")
    codes.make(runtime, session, viewer, account_id, customer_code, reason=reason)
    _end(session, viewer, found, BY_LETTER, reason)


def end_sessions(session: Session, viewer: Viewer, account_id: str, *, reason: str) -> int:
    """End all sessions of a person (ASVS 7.4.5); the password stays. Returns how many. Raises `NotFound`."""
    person(session, viewer, account_id)
    ended = sessions.end_all(session, account_id, "office", by=viewer.account_id)
    if ended:
        notices.tell_owner(session, notices.OFFICE_ENDED, account_id)
    _record(session, "core.session.ended_by_office", viewer, account_id, after={"ended": ended}, reason=reason)
    return ended


def end_everybody(session: Session, viewer: Viewer, whose: str, *, keep_own: bool, reason: str) -> int:
    """End the sessions of all customers, all staff or everybody; the viewer's own stays with `keep_own`."""
    kinds = rules.KINDS if whose == "all" else (whose,)
    own = viewer.session_id if keep_own else None
    ended = sessions.end_of_kinds(session, kinds, "office", by=viewer.account_id, but=own)
    details = {"whose": whose, "ended": ended, "kept_own": keep_own}
    _record(session, "core.session.everybody_ended", viewer, viewer.account_id, after=details, reason=reason)
    return ended


def open_counts(session: Session) -> dict[str, int]:
    """How many sessions are open, by the kind of account."""
    counts = {kind: 0 for kind in rules.KINDS}
    return counts | {kind: count for kind, count in session.execute(_COUNTS).all()}


def _begin(session: Session, viewer: Viewer, account_id: str) -> Person:
    found = person(session, viewer, account_id)
    if account_id == viewer.account_id:
        raise Refused(_("This is your own account. Change your password on its own page"), code="own")
    if found.status == "blocked":
        raise Refused(_("This account is blocked. Unblock it first"), code="blocked")
    return found


def _end(session: Session, viewer: Viewer, found: Person, way: str, reason: str) -> None:
    """What both ways have in common: the sessions, the password of now, the notice, the trail."""
    ended = sessions.end_all(session, found.id, "office", by=viewer.account_id)
    steps.void(session, found.id)
    if found.has_password:
        accounts.spoil_password(session, found.id)
    notices.tell_owner(session, notices.OFFICE_RESET, found.id)
    _record(session, "core.account.reset", viewer, found.id, after={"way": way, "ended": ended}, reason=reason)


def _record(session: Session, action: str, viewer: Viewer, account_id: str, **details: Any) -> None:
    audit.record(session, action, actor=viewer, object_type="account", object_id=account_id, **details)
