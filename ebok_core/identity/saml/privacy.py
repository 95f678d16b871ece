"""The personal data of external identities."""

from __future__ import annotations

import sqlalchemy as sa

from ebok_core.i18n import lazy_gettext as _
from ebok_core.privacy.rows import ACCOUNT, Rows

from .models import ExternalIdentity, ExternalTask, HubSession, SamlAssertion, SamlFlow

_I, _F, _H, _T = (table.__table__ for table in (ExternalIdentity, SamlFlow, HubSession, ExternalTask))

ALL = (
    Rows(
        key="core.external",
        title=_("Link with login.gov.pl"),
        tables=(
            ExternalIdentity.__tablename__,
            SamlFlow.__tablename__,
            HubSession.__tablename__,
            SamlAssertion.__tablename__,
            ExternalTask.__tablename__,
        ),
        retention=_("Until it is unlinked; ways to login.gov.pl one day, tasks of the office a year"),
        statement=sa.select(_I.c.issuer, _I.c.authority, _I.c.level, _I.c.linked_at, _I.c.used_at).where(
            _I.c.account_id == ACCOUNT
        ),
        labels={
            "issuer": _("Identity provider"),
            "authority": _("Who vouched"),
            "level": _("Level of assurance"),
            "linked_at": _("Linked"),
            "used_at": _("Last used"),
        },
        erasing=(
            # Of the person's tasks the office keeps the customer's code alone.
            sa.update(_T)
            .where(
                sa.exists().where(
                    _I.c.account_id == ACCOUNT, _T.c.about.like(sa.func.substr(_I.c.hmac, 1, 40).concat("%"))
                )
            )
            .values(person=None, contact=None),
            sa.delete(_I).where(_I.c.account_id == ACCOUNT),
            sa.delete(_F).where(_F.c.account_id == ACCOUNT),
        ),
    ),
)
