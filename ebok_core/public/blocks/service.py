"""Write, publish, withdraw and arrange the blocks of the public zone; what is written once published never changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity.models import Account, AccountRole

from . import notices, rules
from .models import Block, BlockVersion, Place
from .permissions import PUBLISH
from .rules import State

_B, _V, _P, _A = Block.__table__, BlockVersion.__table__, Place.__table__, Account.__table__


class Version(NamedTuple):
    """What a block says, with the names of who wrote and who published it."""

    number: int
    title: str
    body: str
    starts_on: date
    ends_on: date | None
    written_by: str
    written_at: datetime
    published_by: str | None
    published_at: datetime | None
    author: str | None
    publisher: str | None


@dataclass(frozen=True, kw_only=True)
class Written:
    """A block with everything that was ever written in it, the newest first."""

    id: str
    kind: str
    withdrawn: bool
    versions: tuple[Version, ...]

    @property
    def state(self) -> State:
        """How it stands today."""
        return rules.state_of(self.versions, clock.today(), withdrawn=self.withdrawn)

    @property
    def shown(self) -> Version | None:
        """What people see of it today."""
        return None if self.withdrawn else rules.in_force(self.versions, clock.today())

    @property
    def newest(self) -> Version:
        """What was written last."""
        return self.versions[0]

    @property
    def draft(self) -> Version | None:
        """What was written last and is not published yet."""
        return None if self.newest.published_at else self.newest


class Seen(NamedTuple):
    """A block as strangers see it."""

    id: str
    kind: str
    title: str
    body: str
    starts_on: date


_author, _publisher = _A.alias("author"), _A.alias("publisher")
_WRITTEN = (
    sa.select(
        _B.c.id,
        _B.c.kind,
        _B.c.withdrawn_at,
        *(_V.c[name] for name in Version._fields[:-2]),
        _author.c.display_name,
        _publisher.c.display_name,
    )
    .join_from(_B, _V, _V.c.block_id == _B.c.id)
    .outerjoin(_author, _author.c.id == _V.c.written_by)
    .outerjoin(_publisher, _publisher.c.id == _V.c.published_by)
    .order_by(_B.c.created_at.desc(), _B.c.id.desc(), _V.c.number.desc())
)
# Of each block what may be seen today, and what it replaced: the rule picks one.
_PUBLISHED = (
    sa.select(_B.c.id, _B.c.kind, _V.c.number, _V.c.title, _V.c.body, _V.c.starts_on, _V.c.ends_on, _V.c.published_at)
    .join_from(_B, _V, _V.c.block_id == _B.c.id)
    .where(
        _B.c.withdrawn_at.is_(None),
        _V.c.published_at.is_not(None),
        _V.c.starts_on <= sa.bindparam("today", type_=sa.Date),
    )
    .order_by(_V.c.starts_on.desc(), _B.c.created_at.desc(), _B.c.id.desc())
)
_PLACES = sa.select(_P.c.key, _P.c.hidden).order_by(_P.c.position, _P.c.key)
_PUBLISHERS = (
    sa.select(sa.func.count(sa.distinct(_A.c.id)))
    .join_from(_A, AccountRole.__table__, AccountRole.__table__.c.account_id == _A.c.id)
    .where(
        _A.c.kind == "staff",
        _A.c.status != "blocked",
        AccountRole.__table__.c.role.in_(sorted(PUBLISH.roles)),
    )
)


def seen(session: Session) -> list[Seen]:
    """The blocks that are seen today, those that began last first."""
    today, versions = clock.today(), defaultdict(list)
    for row in session.execute(_PUBLISHED, {"today": today}):
        versions[row.id].append(row)
    found = [rules.in_force(rows, today) for rows in versions.values()]
    return [Seen(row.id, row.kind, row.title, row.body, row.starts_on) for row in found if row is not None]


def every(session: Session) -> list[Written]:
    """Every block for the panel, the newest first."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in session.execute(_WRITTEN):
        rows[row.id].append(row)
    return [_written(found) for found in rows.values()]


def one(session: Session, block_id: str) -> Written:
    """A block with its history. Raises `NotFound`."""
    found = session.execute(_WRITTEN.where(_B.c.id == block_id)).all()
    if not found:
        raise NotFound(_("There is no such block."))
    return _written(found)


def places(session: Session) -> dict[str, bool]:
    """The keys that were given a place, in their order, and whether each is hidden."""
    return {row.key: row.hidden for row in session.execute(_PLACES)}


def arranged(keys: Iterable[str], known: Mapping[str, bool]) -> list[str]:
    """Keys in the utility's order; those without a place come after the others, as they were."""
    order = {key: index for index, key in enumerate(known)}
    return sorted(keys, key=lambda key: order.get(key, len(order)))


def write(session: Session, viewer: Viewer, block_id: str | None, values: Mapping[str, Any], seen_number: int) -> str:
    """Write the next version of a block, or a new one (`kind` in `values`); returns the block's id.

    A draft nobody has published is replaced. Raises `Refused` when somebody wrote meanwhile, and when the days end
    before they begin.
    """
    now, starts_on, ends_on = clock.now_utc(), values.get("starts_on") or clock.today(), values.get("ends_on")
    if ends_on is not None and ends_on < starts_on:
        raise Refused(_("The last day is before the first one"), code="days")
    if block_id is None:
        block_id = uuid7()
        session.add(Block(id=block_id, kind=values["kind"], created_at=now, withdrawn_at=None))
        session.flush()
    newest = session.scalars(
        sa.select(BlockVersion).where(_V.c.block_id == block_id).order_by(_V.c.number.desc()).limit(1).with_for_update()
    ).first()
    if (newest.number if newest else 0) != seen_number:
        raise Refused(
            _("Somebody else has written here meanwhile. Your text is below: compare and save again."), code="other"
        )
    text = {"title": values["title"], "body": values["body"], "starts_on": starts_on, "ends_on": ends_on}
    if newest is not None and newest.published_at is None:
        session.delete(newest)
        session.flush()
    version = BlockVersion(block_id=block_id, number=seen_number + 1, written_by=viewer.account_id, written_at=now)
    for name, value in text.items():
        setattr(version, name, value)
    session.add(version)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(_("Somebody else has written here meanwhile. Open the block again."), code="other") from error
    _record(session, viewer, "written", block_id, after={"number": version.number, **_plain(text)})
    return block_id


def publish(session: Session, viewer: Viewer, block_id: str, number: int) -> None:
    """Publish the draft of a block. Raises `NotFound`, and `Refused` where a second person must do it (S78)."""
    version = session.get(BlockVersion, (block_id, number), with_for_update=True)
    if version is None:
        raise NotFound(_("There is no such block."))
    if version.published_at is not None:
        raise Refused(_("This text is published already."), code="published")
    if rules.waits_for_another(
        f"{version.title}\n{version.body}",
        written_by=version.written_by,
        written_at=version.written_at,
        publisher=viewer.account_id,
        publishers=int(session.execute(_PUBLISHERS).scalar_one()),
        now=clock.now_utc(),
    ):
        raise Refused(
            _("There is a bank account in this text, so a second person publishes it. It is saved as a draft."),
            code="second_person",
        )
    version.published_by, version.published_at = viewer.account_id, clock.now_utc()
    if rules.names_account(f"{version.title}\n{version.body}"):
        notices.account_published(session, viewer, block_id, number, version.title)
    block = session.get_one(Block, block_id)
    block.withdrawn_at = None
    _record(
        session, viewer, "published", block_id, after={"number": number, "starts_on": version.starts_on.isoformat()}
    )


def withdraw(session: Session, viewer: Viewer, block_id: str) -> None:
    """Take a block off the page; what it said stays in its history. Raises `NotFound`."""
    block = session.get(Block, block_id)
    if block is None:
        raise NotFound(_("There is no such block."))
    if block.withdrawn_at is None:
        block.withdrawn_at = clock.now_utc()
        _record(session, viewer, "withdrawn", block_id)


def restore(session: Session, viewer: Viewer, block_id: str) -> None:
    """Put a block back as it was. Raises `NotFound`."""
    block = session.get(Block, block_id)
    if block is None:
        raise NotFound(_("There is no such block."))
    if block.withdrawn_at is not None:
        block.withdrawn_at = None
        _record(session, viewer, "restored", block_id)


def arrange(session: Session, viewer: Viewer, keys: Sequence[str], hidden: Iterable[str]) -> None:
    """Keep this order of blocks, ours by id and modules' by key, and which of the modules' are hidden."""
    before, out = places(session), set(hidden)
    after = {key: key in out for key in keys}
    if list(before.items()) == list(after.items()):
        return
    session.execute(sa.delete(Place))
    session.add_all([Place(key=key, position=index, hidden=key in out) for index, key in enumerate(keys)])
    _record(session, viewer, "arranged", "", before=_order(before), after=_order(after))


def _order(known: Mapping[str, bool]) -> dict[str, Any]:
    return {"order": list(known), "hidden": [key for key, is_hidden in known.items() if is_hidden]}


def _written(rows: Sequence[Any]) -> Written:
    first = rows[0]
    versions = tuple(Version._make(row[3:]) for row in rows)
    return Written(id=first.id, kind=first.kind, withdrawn=first.withdrawn_at is not None, versions=versions)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _record(session: Session, viewer: Viewer, what: str, block_id: str, **values: Any) -> None:
    audit.record(
        session, f"core.public.{what}", actor=viewer, object_type="core.public_block", object_id=block_id, **values
    )
