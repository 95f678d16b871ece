"""Contracts of TYTAN: the views that the copy holds, the messages that TYTAN must hear, the far sides of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from marshmallow import Schema
    from sqlalchemy.orm import Session


class Kind(Enum):
    """What a column of the contract holds.

    TEXT, DATE, INSTANT (UTC), INT, FLAG (0/1), BLOB; MONEY is NUMERIC(14,2) złoty, VOLUME NUMERIC(14,3) m³,
    PRICE NUMERIC(14,4) złoty. The copy keeps the three as scaled integers and gives `Decimal` back.
    """

    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"
    INT = "int"
    FLAG = "flag"
    MONEY = "money"
    VOLUME = "volume"
    PRICE = "price"
    BLOB = "blob"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a view. `size` is the greatest length of a text; `secret` columns reach the copy as an HMAC only."""

    name: str
    kind: Kind
    size: int | None = None
    null: bool = False
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class CopyTable:
    """A view of TYTAN that the copy holds.

    `view` is the contract's name (`ebok_meters`), `name` the copy's (`meters`). Every copied row belongs to one
    customer: `customer` is the column that holds the code, or a path `(column, parent view)` to the row that knows it.
    Rows of a service point are kept from who acts for other points alone: they are told by the column `point_code`,
    where no row lacks it, or by the one that `point` names. `indexes` are the column tuples that pages read by, after
    `customer_code`; `search` are those that a list's search box looks through; `lookups` are columns by which the
    office finds rows of all customers (`search_text` for the text of `search`), each with an index of its own.
    `bulk=False` marks a view that is fetched row by row when asked for, never copied.
    """

    view: str
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    customer: str | tuple[str, str] = "customer_code"
    point: str = ""
    indexes: tuple[tuple[str, ...], ...] = ()
    search: tuple[str, ...] = ()
    lookups: tuple[str, ...] = ()
    bulk: bool = True


@dataclass(frozen=True, kw_only=True)
class OutboxMessage:
    """A fact that a far side must hear of, written in the transaction of the change itself.

    Subclasses are declared by `ebok_outbox_messages` and set `kind`, `version`, `payload_schema` (a marshmallow schema
    of the payload). `apply_result` hears the verdict (`applied` or `rejected`), `apply_delivery` that the far side has
    the message, with the reference it gave; both run in the unit of work that moves the message and must bear being
    called again. `subject_*` make the same fact unique; `stream_key` gives the order in which facts are delivered
    (`c:<code>` for TYTAN). `payload` holds text, whole numbers, truth values, nulls, lists and mappings of these, no
    float. `id` may be given when the fact has one already (G6); `depends_on` is the id of a message that must arrive
    first.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    target: ClassVar[str] = "tytan"
    payload_schema: ClassVar[type[Schema]]
    apply_result: ClassVar[Callable[[Session, Result], None] | None] = None
    apply_delivery: ClassVar[Callable[[Session, Result], None] | None] = None

    customer_code: str | None
    stream_key: str
    subject_type: str
    subject_id: str
    payload: Mapping[str, Any]
    subject_rev: int = 1
    id: str | None = None
    depends_on: str | None = None
    actor_ref: str | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the far side decided about a message; the names are those of `ebok_results`.

    `status` is the outbox's own word: `delivered`, `applied` (TYTAN's `accepted`) or `rejected`. `subject_rev` tells
    which revision of the subject was meant.
    """

    message_id: str
    kind: str
    subject_type: str
    subject_id: str
    status: str
    reason_code: str | None
    reason: str | None
    reference: str | None
    status_at: datetime
    subject_rev: int = 1


class Capability(Enum):
    """How a far side treats a second delivery (`reliability.md` §4.1)."""

    PUT = "put"
    LOOKUP = "lookup"
    BLIND = "blind"


class Outcome(Enum):
    """How one attempt ended (`reliability.md` §4.6)."""

    DELIVERED = "delivered"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    AMBIGUOUS = "ambiguous"
    REJECTED = "rejected"
    PERMANENT = "permanent"
    BUG = "bug"
    CONFLICT = "conflict"


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A message as it travels: what a far side needs of an outbox row. `payload` is canonical JSON."""

    message_id: str
    kind: str
    version: int
    customer_code: str | None
    stream_key: str
    seq: int
    payload: str
    payload_sha256: str
    accepted_at: datetime


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The outcome of one attempt; `code` is for the log and holds no personal data."""

    outcome: Outcome
    code: str = ""
    reference: str | None = None


class OutboxTarget(Protocol):
    """A far side of the outbox. No e-BOK transaction is open while `deliver` runs.

    `largest_run` is how many messages one call may carry; more than one only where the far side takes them all or none.
    A target may have `parallel` too: how many calls one worker may make side by side, each for a stream of its own; 1
    where it says nothing.
    """

    key: str
    capability: Capability
    largest_run: int

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Hand over a run of messages of one stream in one far-side transaction, in order, within 25 seconds.

        An exception counts as a bug of the target, never as an answer of the far side.
        """

    def lookup(self, message_id: str) -> bool | None:
        """Tell whether the far side has the message; None when it can't be asked. Only for LOOKUP."""


@dataclass(frozen=True, kw_only=True)
class ViewDifference:
    """One difference between the live database and the contract."""

    view: str
    column: str | None
    expected: str
    found: str


class TytanSource(Protocol):
    """TYTAN's side: what the refresh reads and where messages go. The core answers with the contract's database."""

    def snapshot(self) -> AbstractContextManager[TytanSource]:
        """The source with one state for everything that is read inside; one that can't do so gives itself."""

    def check(self) -> list[ViewDifference]:
        """Compare the live database with the contract; an empty list means that they agree."""

    def now(self) -> datetime:
        """The source's clock (UTC): the age of the copy counts from it."""

    def rows(
        self, table: CopyTable, *, after: int | None = None, customer_code: str | None = None, chunk: int = 500
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Rows of a view in chunks: all, those changed above `after`, or those of one customer; `removed` included.

        Where the customer is known by a parent row, the rows carry `customer_code`, null without a living parent.
        """

    def one(self, table: CopyTable, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """One row by its key, with its BLOBs: what is never copied in bulk is fetched so. None: there is none."""

    def results(self, after: int) -> Iterable[Mapping[str, Any]]:
        """Rows of `ebok_results` with a change number above `after`."""

    def put(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Insert messages into `ebok_inbox` by primary key."""


@dataclass(frozen=True, kw_only=True)
class CopyState:
    """How old the copy is: `as_of` is the source's time at the start of the last complete run."""

    as_of: datetime | None
    source_reachable: bool = True
    today: date | None = None
    customers_held_back: int = field(default=0)
