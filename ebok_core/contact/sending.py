"""One sending of a form with files: is it a person, are the files good, and nothing that came is lost."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flask import request

from ebok_core import clock
from ebok_core.errors import Refused
from ebok_core.files import uploads
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_in_words, ngettext
from ebok_core.identity import throttle
from ebok_core.identity.rules import DelayPolicy
from ebok_core.web import FORM, Form, Tries, optional_viewer, runtime, unit_of_work

from . import drafts, rules
from .schemas import FILES, REMOVED, TRAP

# What a signed-in customer may send in a day (security.md §9.3).
PER_ACCOUNT = DelayPolicy(20, (timedelta(hours=1),), timedelta(hours=24))
TOO_MANY = 429


def account_id() -> str | None:
    """The account that sends, None for a stranger."""
    person = optional_viewer()
    return person.account_id if person else None


def came_from_a_person(form: Form) -> bool:
    """Whether a form was filled in by a person; else the form says so, and a person can send it again (P12)."""
    if not form.ok:
        return True
    if form.data.pop(TRAP, ""):
        form.raw.setlist(TRAP, [""])
        form.fail(FORM, _("Something filled in a field that nobody sees. Look at the form and send it once more."))
    elif _too_quick(form):
        form.fail(FORM, _("That was very quick. Look at the data once more and send them again."))
    return form.ok


def admitted(form: Form, purpose: str) -> bool:
    """Count this sending; False, with the reason in the form, when there were too many (S14)."""
    if not (form.ok or _chosen()):
        return True
    try:
        with unit_of_work() as session:
            own = account_id()
            if own is None:
                Tries(session, purpose).count()
            elif until := throttle.take(session, {f"{purpose}:{own}"[:80]: PER_ACCOUNT}):
                text = _("You have sent a lot today. Wait until %(time)s and try again.", time=instant_in_words(until))
                raise Refused(text, code="delayed")
    except Refused as refused:
        form.fail(FORM, str(refused))
        return False
    return True


def take_files(form: Form, *, already: int = 0) -> None:
    """Keep the files of this sending beside those that came before, whatever else is wrong with the form.

    `already` files of the case were sent today. What can't be taken is told at the field, one sentence a file.
    """
    own, removed = account_id(), form.values(REMOVED)
    if removed:
        with unit_of_work() as session:
            drafts.drop(session, form.token, own, removed)
        form.raw.setlist(REMOVED, [])
    chosen = _chosen()
    if not chosen:
        return
    with runtime().database.snapshot() as session:
        waiting = drafts.waiting(session, form.token, own)
    room, together = rules.MOST_FILES - already - len(waiting), sum(draft.size for draft in waiting)
    good: list[uploads.Upload] = []
    for name, stream in chosen:
        if len(good) >= room:
            form.fail(
                FILES, _("At most %(most)s files a day fit into one case. Remove some of them", most=rules.MOST_FILES)
            )
            break
        with stream:
            content = stream.read(uploads.MOST_BYTES + 1)
        together += len(content)
        if together > rules.MOST_TOGETHER:
            form.fail(FILES, _("The files are larger than 40 MB together. Send some of them later"))
            break
        try:
            good.append(uploads.examine(name, content))
        except Refused as refused:
            form.fail(FILES, str(refused))
    drafts.keep(runtime(), form.token, own, good)


def waiting(form: Form) -> Sequence[drafts.Draft]:
    """The files of this form that are kept, for its page; read anew, as this very request may have changed them."""
    if not form.submitted:
        return []
    with runtime().database.snapshot() as session:
        return drafts.waiting(session, form.token, account_id())


def size_in_words(size: int) -> str:
    """A file's size: `84 kB`, `1,2 MB`."""
    if size < 1024 * 1024:
        return _("%(size)s kB", size=max(1, round(size / 1024)))
    tenths = round(size * 10 / (1024 * 1024))
    return _("%(size)s MB", size=f"{tenths // 10},{tenths % 10}")


def days_in_words(days: int) -> str:
    """How long until an answer is due: `in 3 days`, `today`, `2 days late`."""
    if days == 0:
        return _("today")
    if days > 0:
        return ngettext("in %(n)s day", "in %(n)s days", days)
    return ngettext("%(n)s day late", "%(n)s days late", -days)


def _chosen() -> list[tuple[str, object]]:
    return [(f.filename or "", f.stream) for f in request.files.getlist(FILES) if f.filename]


def _too_quick(form: Form) -> bool:
    """Whether the form came back sooner than a person fills it in: its token tells when it was made."""
    token = uuid.UUID(form.token)
    if token.version != 7:
        return False
    made = datetime.fromtimestamp((token.int >> 80) // 1000, UTC)
    return -rules.LEAST_FILLING < clock.now_utc() - made < rules.LEAST_FILLING
