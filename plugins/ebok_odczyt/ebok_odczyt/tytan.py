"""What e-Odczyt reads of the copy and what it tells TYTAN: small typed rows, their selects, two messages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from marshmallow import RAISE, Schema, fields, validate

from ebok_core import OutboxMessage
from ebok_core.tytan import copy, reads


class MeterRow(NamedTuple):
    """A meter with its service point; states in m³."""

    id: str
    meter_number: str
    point_code: str
    role: str
    parent_id: str | None
    meter_group: str | None
    installed_on: date
    installed_value: Decimal
    removed_on: date | None
    removed_value: Decimal | None
    diameter_mm: int | None
    digits: int
    legalization_valid_to: str | None
    active: bool
    radio_module_number: str | None
    last_read_on: date | None
    last_value: Decimal | None
    customer_code: str
    point_name: str
    street: str | None
    house_no: str | None
    flat_no: str | None
    city: str
    contract_valid_to: date | None


class StateRow(NamedTuple):
    """A reading as the checks need it."""

    meter_id: str
    read_on: date
    reading_value: Decimal
    reading_method: str
    status: str
    message_id: str | None


class MessageRow(NamedTuple):
    """The message that brought a reading, and what became of the reading."""

    message_id: str
    status: str


_m, _p, _r = copy.meters.c, copy.service_points.c, copy.readings.c
_METER = [
    _p.name if name == "point_name" else _p[name] if name in _p and name not in _m else _m[name]
    for name in MeterRow._fields
]
METERS = (
    sa.select(*_METER)
    .join_from(copy.meters, copy.service_points, _m.point_code == _p.code)
    .order_by(_m.point_code, _m.installed_on, _m.id)
)
STATES = (
    sa.select(*(_r[name] for name in StateRow._fields))
    .where(
        _r.meter_id.in_(sa.bindparam("meter_ids", expanding=True)),
        _r.read_on >= sa.bindparam("since"),
    )
    .order_by(_r.read_on, _r.id)
)
IN_USE = sa.and_(_m.active, _m.removed_on.is_(None))
FIRST_METERS = METERS.where(IN_USE).limit(3)
TO_READ = sa.select(sa.func.count()).select_from(copy.meters).where(IN_USE, _m.radio_module_number.is_(None))
READ_SINCE = sa.select(_r.meter_id).where(_r.read_on >= sa.bindparam("since"), _r.status != "rejected")
_BROUGHT = sa.select(_r.message_id, _r.status)
BROUGHT_BY = _BROUGHT.where(_r.message_id == sa.bindparam("message_id"))
BROUGHT = reads.scoped(_BROUGHT.where(_r.message_id.is_not(None))).subquery("brought")
"""What became of the readings that our messages brought, for a join with them; run it with `reads.bound`."""


class SubmittedSchema(Schema):
    """The payload of `reading.submitted`, version 1: whole m³, confirmed warnings by code, the customer's own words."""

    class Meta:
        unknown = RAISE

    meter_id = fields.String(required=True, validate=validate.Length(1, 40))
    read_on = fields.Date(required=True, format="iso")
    reading_value_m3 = fields.Integer(required=True, strict=True, validate=validate.Range(0, 99_999_999))
    confirmed_warnings = fields.List(fields.String(), required=True)
    note = fields.String(required=True, allow_none=True, validate=validate.Length(max=600))
    reference = fields.String(required=True, validate=validate.Length(1, 20))
    accepted_at = fields.DateTime(required=True, format="iso")


class WithdrawnSchema(Schema):
    """The payload of `reading.withdrawn`, version 1: the message that brought the reading."""

    class Meta:
        unknown = RAISE

    reading_message_id = fields.String(required=True, validate=validate.Length(equal=36))


class ReadingSubmitted(OutboxMessage):
    """A customer gave a reading. TYTAN answers: it appears in `ebok_readings`, or it is rejected with a reason."""

    kind = "reading.submitted"
    version = 1
    payload_schema = SubmittedSchema


class ReadingWithdrawn(OutboxMessage):
    """A customer takes a reading back; waits for its submission. TYTAN answers: dropped, or rejected as `too_late`."""

    kind = "reading.withdrawn"
    version = 1
    payload_schema = WithdrawnSchema


SUBJECT = "odczyt.reading"
MESSAGES = (ReadingSubmitted, ReadingWithdrawn)
