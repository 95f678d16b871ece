"""The room's tables: departments with their people and clerks, topics, cases with what was written and sent in them."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant

from . import rules


class Department(Base):
    """A department or unit that people can write to (L143). `email` gets notices; one that is closed takes no more.

    `kind` `administrator` marks the one whose work only administrators see until it has clerks of its own (L141).
    """

    __tablename__ = "core_department"
    __table_args__ = (sa.CheckConstraint(f"kind IN {rules.DEPARTMENTS}", name="kind"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    position: Mapped[int]
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class DepartmentClerk(Base):
    """A member of staff who answers for a department; one without any is everybody's who may answer."""

    __tablename__ = "core_department_clerk"

    department_id: Mapped[str] = mapped_column(
        sa.ForeignKey("core_department.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[str] = mapped_column(
        sa.ForeignKey("core_account.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ContactPerson(Base):
    """A named person with a role whom people can write to (L144). The e-mail is for notices and is shown nowhere."""

    __tablename__ = "core_contact_person"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    department_id: Mapped[str] = mapped_column(sa.ForeignKey("core_department.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    role: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    position: Mapped[int]
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class Topic(Base):
    """What a message is about: who gets it first and in how many days it is answered (P52).

    `kind` is one of `rules.TOPICS`, or `own` for the utility's own; `slug` stands in addresses.
    """

    __tablename__ = "core_contact_topic"
    __table_args__ = (sa.CheckConstraint(f"kind IN {(*rules.TOPICS, rules.OWN)}", name="kind"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    slug: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    department_id: Mapped[str] = mapped_column(sa.ForeignKey("core_department.id"), index=True)
    answer_days: Mapped[int]
    position: Mapped[int]
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class Case(Base):
    """One matter of one person, until it is closed.

    `number` names it, `code` is the unguessable end of its signature (P51), kept as it is: later mails carry it, and
    whoever reads this row reads all that it opens. `account_id` and `customer_code` are a signed-in
    customer's; a stranger left `sender_…`, forgotten some time after the end. `due_on` is the last day for an answer.
    """

    __tablename__ = "core_case"
    __table_args__ = (
        sa.CheckConstraint(f"state IN {rules.STATES}", name="state"),
        sa.Index("ix_core_case_state", "state", "due_on"),
        sa.Index("ix_core_case_account_id", "account_id", "received_at"),
        sa.Index("ix_core_case_closed_at", "closed_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    code: Mapped[str | None] = mapped_column(sa.String(20))
    topic_id: Mapped[str] = mapped_column(sa.ForeignKey("core_contact_topic.id"), index=True)
    department_id: Mapped[str] = mapped_column(sa.ForeignKey("core_department.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(sa.ForeignKey("core_contact_person.id"), index=True)
    account_id: Mapped[str | None] = mapped_column(sa.String(36))
    customer_code: Mapped[str | None] = mapped_column(sa.String(20), index=True)
    sender_name: Mapped[str | None] = mapped_column(sa.String(150))
    sender_email: Mapped[str | None] = mapped_column(sa.String(254))
    sender_phone: Mapped[str | None] = mapped_column(sa.String(40))
    locale: Mapped[str] = mapped_column(sa.String(5))
    state: Mapped[str] = mapped_column(sa.String(20))
    received_at: Mapped[datetime] = mapped_column(Instant)
    due_on: Mapped[date]
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    forgotten_at: Mapped[datetime | None] = mapped_column(Instant)
    search_text: Mapped[str] = mapped_column(sa.String(500))


class CaseMessage(Base):
    """What was written in a case: by the person, by the office, or a note that only the office sees."""

    __tablename__ = "core_case_message"
    __table_args__ = (
        sa.CheckConstraint(f"kind IN {rules.MESSAGES}", name="kind"),
        sa.Index("ix_core_case_message_case_id", "case_id", "written_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(sa.ForeignKey("core_case.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(sa.String(20))
    account_id: Mapped[str | None] = mapped_column(sa.String(36))
    author: Mapped[str | None] = mapped_column(sa.String(150))
    text: Mapped[str] = mapped_column(sa.Text)
    written_at: Mapped[datetime] = mapped_column(Instant)


class CaseFile(Base):
    """A file that somebody sent; without `message_id` it waits for its form (`token`) to be sent whole.

    `removed` tells the office what active content was taken out of it (security.md S48).
    """

    __tablename__ = "core_case_file"
    __table_args__ = (
        # The same form sent twice, or a file chosen twice, is one file.
        sa.UniqueConstraint("token", "sha256", name="uq_core_case_file_token"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    token: Mapped[str] = mapped_column(sa.String(64))
    account_id: Mapped[str | None] = mapped_column(sa.String(36))
    message_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("core_case_message.id", ondelete="CASCADE"), index=True
    )
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    name: Mapped[str] = mapped_column(sa.String(150))
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    removed: Mapped[bool]
    sent_at: Mapped[datetime] = mapped_column(Instant)


class CaseCounter(Base):
    """The last number given to a case in a year: the row lock of its upsert keeps the numbers unique."""

    __tablename__ = "core_case_counter"

    year: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    last: Mapped[int]
