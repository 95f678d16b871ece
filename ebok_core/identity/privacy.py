"""The personal data of identity: the account, whom it acts for, its factors, sessions, sign-ins, registrations."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.i18n import lazy_gettext as _
from ebok_core.privacy.rows import ACCOUNT, CORE, Rows

from .access.models import Delegation, Group, GroupCustomer, GroupMember
from .factor.models import FactorRemoval, Passkey, RecoveryCode, SignInStep, Totp
from .models import (
    Account,
    AccountRole,
    CustomerAccess,
    DelayCounter,
    LoginEvent,
    OneTimeLink,
    Registration,
    SignInSession,
)
from .recovery.models import Alarm, EmailChange, LetterCode

_A, _C, _E, _G = Account.__table__, CustomerAccess.__table__, LoginEvent.__table__, Registration.__table__
_L, _S, _K = OneTimeLink.__table__, SignInSession.__table__, DelayCounter.__table__
_D, _M, _N, _P = Delegation.__table__, GroupMember.__table__, Group.__table__, Passkey.__table__
_LIVES = _("Until the account is deleted")
_EMAIL = sa.select(sa.func.lower(_A.c.email)).where(_A.c.id == ACCOUNT).scalar_subquery()


class TheAccount(Rows):
    """The account, the very last to go: everything that hangs on it goes with it."""

    def erase(self, session: Session, account_id: str) -> int:
        """Delete the account."""
        session.flush()
        found = super().erase(session, account_id)
        session.expire_all()
        return found


ALL = (
    Rows(
        key="core.access",
        title=_("Customers that the account acts for"),
        tables=(_C.name,),
        retention=_LIVES,
        statement=sa.select(
            _C.c.customer_code, _C.c.role, _C.c.source, _C.c.valid_from, _C.c.valid_to, _C.c.created_at
        ).where(_C.c.account_id == ACCOUNT),
        erasing=(
            # Rights that the person gave end with the person; who had them is another's business.
            sa.delete(_C).where(_C.c.granted_by == ACCOUNT, _C.c.account_id != ACCOUNT),
            sa.delete(_C).where(_C.c.account_id == ACCOUNT),
        ),
    ),
    Rows(
        key="core.delegations",
        title=_("Rights to act, given and received"),
        tables=(_D.name,),
        retention=_LIVES,
        statement=sa.select(
            _D.c.customer_code, _D.c.email, _D.c.role, _D.c.valid_to, _D.c.state, _D.c.created_at, _D.c.ended_at
        )
        .where(sa.or_(_D.c.granted_by == ACCOUNT, _D.c.account_id == ACCOUNT))
        .order_by(_D.c.created_at),
        labels={"ended_at": _("Ended")},
        erasing=(
            sa.delete(_D).where(
                sa.or_(_D.c.granted_by == ACCOUNT, _D.c.account_id == ACCOUNT, sa.func.lower(_D.c.email) == _EMAIL)
            ),
        ),
    ),
    Rows(
        key="core.groups",
        title=_("Groups that the account belongs to"),
        tables=(_M.name, GroupCustomer.__tablename__),
        retention=_("Until the office takes the account out of the group"),
        statement=sa.select(_N.c.name, _N.c.kind)
        .join_from(_M, _N, _N.c.id == _M.c.group_id)
        .where(_M.c.account_id == ACCOUNT),
        erasing=(sa.delete(_M).where(_M.c.account_id == ACCOUNT),),
    ),
    Rows(
        key="core.factors",
        title=_("Second factor of sign-in"),
        tables=(_P.name, *(t.__tablename__ for t in (Totp, RecoveryCode, SignInStep, FactorRemoval))),
        retention=_("Until it is taken off or the account is deleted"),
        statement=sa.select(_P.c.name, _P.c.created_at, _P.c.last_used_at).where(_P.c.account_id == ACCOUNT),
        labels={"last_used_at": _("Last used")},
        erasing=tuple(
            sa.delete(t.__table__).where(t.__table__.c.account_id == ACCOUNT)
            for t in (Passkey, Totp, RecoveryCode, SignInStep, FactorRemoval)
        ),
    ),
    Rows(
        key="core.email_changes",
        title=_("Changes of the e-mail address"),
        tables=(EmailChange.__tablename__,),
        retention=_LIVES,
        statement=sa.select(
            *(EmailChange.__table__.c[name] for name in ("former_email", "email", "created_at", "confirmed_at"))
        ).where(EmailChange.__table__.c.account_id == ACCOUNT),
        labels={"former_email": _("Former e-mail address")},
        erasing=(sa.delete(EmailChange.__table__).where(EmailChange.__table__.c.account_id == ACCOUNT),),
    ),
    Rows(
        key="core.help_with_sign_in",
        title=_("Letters with codes, sign-ins that were not mine"),
        tables=(LetterCode.__tablename__, Alarm.__tablename__),
        retention=_LIVES,
        statement=sa.select(
            *(LetterCode.__table__.c[name] for name in ("customer_code", "created_at", "expires_at"))
        ).where(LetterCode.__table__.c.account_id == ACCOUNT),
        erasing=tuple(sa.delete(t.__table__).where(t.__table__.c.account_id == ACCOUNT) for t in (LetterCode, Alarm)),
    ),
    Rows(
        key="core.sessions",
        title=_("Sessions"),
        tables=(_S.name,),
        retention=_("30 days after the end of the session"),
        statement=sa.select(_S.c.created_at, _S.c.last_activity_at, _S.c.ip, _S.c.user_agent)
        .where(_S.c.account_id == ACCOUNT)
        .order_by(_S.c.created_at),
        labels={"last_activity_at": _("Last used"), "created_at": _("Signed in")},
    ),
    Rows(
        key="core.sign_ins",
        title=_("Sign-ins and tries"),
        tables=(_E.name, _K.name),
        retention=_("12 months"),
        statement=sa.select(_E.c.at, _E.c.result, _E.c.way, _E.c.ip, _E.c.user_agent)
        .where(_E.c.account_id == ACCOUNT)
        .order_by(_E.c.at),
        erasing=(
            sa.update(_E).where(_E.c.acted_by == ACCOUNT).values(acted_by=None),
            sa.delete(_E).where(_E.c.account_id == ACCOUNT),
            sa.delete(_K).where(_K.c.key == sa.literal("password:").concat(ACCOUNT)),
        ),
    ),
    Rows(
        key="core.registrations",
        title=_("Registrations"),
        tables=(_G.name, _L.name),
        retention=_("Unfinished ones seven days, others until the account is deleted"),
        statement=sa.select(_G.c.started_at, _G.c.customer_code, _G.c.email, _G.c.state, _G.c.confirmed_at).where(
            _G.c.account_id == ACCOUNT
        ),
        labels={"started_at": _("Begun")},
        erasing=(
            sa.delete(_G).where(sa.or_(_G.c.account_id == ACCOUNT, sa.func.lower(_G.c.email) == _EMAIL)),
            sa.delete(_L).where(_L.c.account_id == ACCOUNT),
        ),
    ),
    TheAccount(
        key="core.account",
        title=_("Account"),
        tables=(_A.name, AccountRole.__tablename__),
        retention=_LIVES,
        statement=sa.select(
            _A.c.login,
            _A.c.email,
            _A.c.display_name,
            _A.c.locale,
            _A.c.status,
            _A.c.password_changed_at,
            _A.c.created_at,
        ).where(_A.c.id == ACCOUNT),
        labels={"password_changed_at": _("Password changed")},
        order=CORE + 99,
        erasing=(sa.delete(_A).where(_A.c.id == ACCOUNT),),
    ),
)
