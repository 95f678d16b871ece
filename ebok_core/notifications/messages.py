"""Mails and text messages as outbox messages: one recipient each, texts as they were rendered."""

from __future__ import annotations

from dataclasses import replace

from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy.orm import Session

from ebok_core.contracts.tytan import OutboxMessage, Result

from . import posts, rules


class MailSchema(Schema):
    """The payload: who gets what. `html` may be missing, the text never is."""

    class Meta:
        unknown = RAISE

    template = fields.String(required=True)
    locale = fields.String(required=True)
    to = fields.String(required=True, validate=rules.is_address)
    subject = fields.String(required=True, validate=validate.Length(min=1, max=rules.LONGEST_SUBJECT))
    text = fields.String(required=True, validate=validate.Length(min=1))
    html = fields.String(load_default=None, allow_none=True)
    reply_to = fields.String(load_default=None, allow_none=True, validate=rules.is_address)


class SmsSchema(Schema):
    """The payload of a text message: who gets what."""

    class Meta:
        unknown = RAISE

    template = fields.String(required=True)
    to = fields.String(required=True, validate=validate.Regexp(r"\+[0-9]{9,15}\Z"))
    text = fields.String(required=True, validate=validate.Length(min=1, max=rules.LONGEST_SMS))


def tell_sender(session: Session, result: Result) -> None:
    """Tell whoever declared the template what became of the message."""
    template = posts.of(session).templates.get(result.subject_type)
    if template is not None and template.apply_result is not None:
        subject_type, subject_id = rules.unpack_subject(result.subject_id)
        template.apply_result(session, replace(result, subject_type=subject_type, subject_id=subject_id))


class Mail(OutboxMessage):
    """A mail to one person. Its `subject_type` is the template's key."""

    kind = "core.mail"
    version = 1
    target = "mail"
    payload_schema = MailSchema
    apply_delivery = tell_sender
    apply_result = tell_sender


class Sms(OutboxMessage):
    """A text message to one mobile number, beside the mails: the same rows, once by the same id."""

    kind = "core.sms"
    version = 1
    target = "sms"
    payload_schema = SmsSchema
    apply_delivery = tell_sender
    apply_result = tell_sender
