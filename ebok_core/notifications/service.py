"""Write to a person by mail or SMS: rendered now, kept in the outbox with its change, sent by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import clock, i18n, outbox
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.db import uuid7
from ebok_core.outbox.models import Message

from . import posts, rules
from .messages import Mail, Sms

log = structlog.get_logger(__name__)

_SENT_LATELY = sa.select(sa.func.count()).where(
    Message.stream_key == sa.bindparam("stream_key"), Message.accepted_at > sa.bindparam("since")
)


def enqueue(
    session: Session,
    template_key: str,
    *,
    recipient: str | None,
    context: Mapping[str, Any],
    subject_type: str,
    subject_id: str,
    locale: str = i18n.DEFAULT_LOCALE,
    subject_rev: int = 1,
    customer_code: str | None = None,
    actor_ref: str | None = None,
    depends_on: str | None = None,
) -> str | None:
    """Put a mail into the outbox, in the unit of work of the change it tells of; returns the message's id.

    The texts are rendered here and now, so that the mail says what was true. The same template about the same subject
    (`subject_type`, `subject_id`, `subject_rev`) to the same recipient is one mail: asking again gives the first one's
    id. None where there is nobody to write to (no address, or one that is no address) and where the recipient got
    as many mails in a day as rules.py allows (S69); both are logged. Raises `KeyError` for an undeclared template.
    """
    template = posts.of(session).templates[template_key]
    address = (recipient or "").strip()
    if not rules.is_address(address):
        log.info("mail.no_address", template=template_key, subject_type=subject_type, subject_id=subject_id)
        return None
    if _had_enough(session, address, rules.LIMIT):
        log.warning("mail.too_many", template=template_key, stream=rules.stream_of(address))
        return None
    message_id = uuid7()
    mail = Mail(
        id=message_id,
        customer_code=customer_code,
        stream_key=rules.stream_of(address),
        subject_type=template_key,
        subject_id=rules.pack_subject(subject_type, subject_id, address),
        subject_rev=subject_rev,
        actor_ref=actor_ref,
        payload=_payload(session, template, address, context, locale, message_id),
    )
    try:
        return outbox.enqueue(session, mail, depends_on=depends_on)
    except outbox.AlreadyQueued as already:
        return already.message_id


def enqueue_sms(
    session: Session,
    template_key: str,
    *,
    recipient: str | None,
    context: Mapping[str, Any],
    subject_type: str,
    subject_id: str,
    locale: str = i18n.DEFAULT_LOCALE,
    subject_rev: int = 1,
    customer_code: str | None = None,
    actor_ref: str | None = None,
) -> str | None:
    """Put a text message into the outbox as `enqueue` does a mail; the template needs `<base>_sms.txt`.

    `recipient` is a Polish mobile number. None where it is none, and where the number got as many messages in a day as
    rules.py allows (S69). Raises `KeyError` for an undeclared template.
    """
    template = posts.of(session).templates[template_key]
    number = rules.mobile_number(recipient or "")
    if number is None:
        log.info("sms.no_number", template=template_key, subject_type=subject_type, subject_id=subject_id)
        return None
    if _had_enough(session, number, rules.SMS_LIMIT):
        log.warning("sms.too_many", template=template_key, stream=rules.stream_of(number))
        return None
    with i18n.use_locale(locale):
        text = posts.of(session).text_message(session, template, context)
    message = Sms(
        id=uuid7(),
        customer_code=customer_code,
        stream_key=rules.stream_of(number),
        subject_type=template_key,
        subject_id=rules.pack_subject(subject_type, subject_id, number),
        subject_rev=subject_rev,
        actor_ref=actor_ref,
        payload={"template": template.key, "to": number, "text": text},
    )
    try:
        return outbox.enqueue(session, message)
    except outbox.AlreadyQueued as already:
        return already.message_id


def _had_enough(session: Session, address: str, most: int) -> bool:
    values = {"stream_key": rules.stream_of(address), "since": clock.now_utc() - rules.LIMIT_TIME}
    return bool(session.execute(_SENT_LATELY, values).scalar_one() >= most)


def _payload(
    session: Session,
    template: NotificationTemplate,
    address: str,
    context: Mapping[str, Any],
    locale: str,
    message_id: str,
) -> dict[str, Any]:
    with i18n.use_locale(locale):
        number = rules.number_of(message_id)
        letter = posts.of(session).render(session, template, context, number=number)
    return {
        "template": template.key,
        "locale": locale,
        "to": address,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "reply_to": letter.reply_to,
    }
