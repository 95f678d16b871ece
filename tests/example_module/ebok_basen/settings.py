"""What is set: the size of a pass at deployment, its price by the administrator."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from marshmallow import fields

from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema


@dataclass(frozen=True, kw_only=True)
class BasenSettings:
    """EBOK_BASEN__…"""

    valid_days: int = 90
    """Days until a pass ends."""


@dataclass(frozen=True, kw_only=True)
class PoolConfig:
    """The page Konfiguracja → Basen. `price` in złoty for a pass of ten entries."""

    price: Decimal = Decimal("120.00")


class PoolConfigSchema(ConfigSchema):
    """How `PoolConfig` is entered."""

    key = "basen.pool"
    builds = PoolConfig

    price = fields.Decimal(places=2, as_string=True, metadata={"label": _("Price of a pass")})
