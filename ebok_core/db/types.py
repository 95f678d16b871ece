"""Column types: money and volumes as scaled integers, instants in UTC. No float passes through here."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


class _Scaled(TypeDecorator[Decimal]):
    """A `Decimal` kept as a whole number of its smallest part; one that does not fit exactly is refused."""

    impl = sa.BigInteger
    cache_ok = True
    places: int

    def process_bind_param(self, value: Decimal | int | None, dialect: sa.Dialect) -> int | None:
        """Scale up. Raises `ValueError` for a fraction below the smallest part and for floats."""
        if value is None:
            return None
        if isinstance(value, float):
            raise ValueError("a float is no exact amount; use Decimal")
        scaled = Decimal(value).scaleb(self.places)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than {self.places} decimals")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Decimal | None:
        """Scale down, exactly."""
        return None if value is None else Decimal(int(value)).scaleb(-self.places)


class Amount(_Scaled):
    """Money: `Decimal` złoty in Python, whole grosze in the database."""

    cache_ok = True
    places = 2


class Volume(_Scaled):
    """Volumes and meter states: `Decimal` m³ in Python, whole litres in the database."""

    cache_ok = True
    places = 3


class Price(_Scaled):
    """Unit prices: `Decimal` złoty with four decimals."""

    cache_ok = True
    places = 4


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC with milliseconds: `timestamptz` on PostgreSQL, sortable text on SQLite."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the storage by the database."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import TIMESTAMP

            return dialect.type_descriptor(TIMESTAMP(timezone=True, precision=3))
        return dialect.type_descriptor(sa.String(24))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Store in UTC. Raises `ValueError` for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone")
        value = value.astimezone(UTC)
        if dialect.name == "postgresql":
            return value
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Give the instant back in UTC."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
