"""Rules of people: what is typed at sign-in, delays after failures, when a session ends, rights of roles, devices."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ebok_core.contracts.identity import Permission

KINDS = ("customer", "staff")
# What the header shows (L06); only a blocked account can't enter.
STATUSES = ("normal", "suspended", "blocked")
# The ready-made roles of staff (P75).
STAFF_ROLES = ("clerk", "observer", "accountant", "dispatcher", "fitter", "editor", "admin")
# In which role an account acts for a customer (identity.md §8.4), the strongest first, and what permissions call it.
OWNER, MANAGER, PAYER, OBSERVER = ACCESS_ROLES = ("owner", "manager", "payer", "observer")
CUSTOMER_ROLES = {
    OWNER: "customer",
    MANAGER: "customer_manager",
    PAYER: "customer_payer",
    OBSERVER: "customer_observer",
}
FULL_SCOPE, POINTS_SCOPE = "all", "points"

MOST_LOGIN = 254
MOST_USER_AGENT = 200
MOST_SESSIONS = 10
TOUCH_EVERY = timedelta(minutes=1)
ABSOLUTE = {"customer": timedelta(hours=12), "staff": timedelta(hours=8)}
KEEP_SESSIONS, KEEP_COUNTERS = timedelta(days=30), timedelta(days=30)
KEEP_LOGINS, KEEP_LINKS = timedelta(days=365), timedelta(days=7)
# A link to a first password is an invitation, one to a new password a reset (security.md S10).
INVITATION_LIVES, RESET_LIVES = timedelta(hours=72), timedelta(minutes=30)
WARN_OWNER_AFTER, WARN_OWNER_WITHIN = 10, timedelta(hours=24)


def login_key(typed: str) -> str:
    """The form in which logins and e-mail addresses are compared: without spaces around, case and width.

    >>> login_key("  Anna.Nowak@Example.PL ")
    'anna.nowak@example.pl'
    """
    return unicodedata.normalize("NFKC", typed.strip()).casefold()


# Delays (identity.md §6.2)


@dataclass(frozen=True)
class DelayPolicy:
    """`delays[i]` is waited after failure number `start + i`, the last of them ever after.

    Failures are forgotten `window` after the first of them, or with `consecutive` after the last of them.
    """

    start: int
    delays: tuple[timedelta, ...]
    window: timedelta
    consecutive: bool = False

    def wait_after(self, failures: int) -> timedelta | None:
        """How long the next try must wait after so many failures, or None."""
        if failures < self.start:
            return None
        return self.delays[min(failures - self.start, len(self.delays) - 1)]


def _seconds(*values: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=value) for value in values)


PER_LOGIN = DelayPolicy(5, _seconds(30, 60, 120, 300, 900), timedelta(hours=24), consecutive=True)
PER_ADDRESS = DelayPolicy(20, _seconds(900), timedelta(minutes=15))
PER_NETWORK = DelayPolicy(200, _seconds(900), timedelta(hours=1))


def address_key(ip: str) -> str:
    """The address that failures are counted against: IPv4 whole, IPv6 by its /64, which one household has."""
    return _prefix(ip, whole=32, six=64)


def network_key(ip: str) -> str:
    """The network that failures are counted against: /24 of IPv4, /56 of IPv6."""
    return _prefix(ip, whole=24, six=56)


def _prefix(ip: str, *, whole: int, six: int) -> str:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return str(ipaddress.ip_network((address, whole if address.version == 4 else six), strict=False))


# Sessions (identity.md §6.4)


def end_of_session(
    now: datetime, *, created_at: datetime, last_activity_at: datetime, idle: timedelta, absolute: timedelta
) -> str | None:
    """Why a session is over by the clock: `idle`, `absolute`, or None while it lives."""
    if now - created_at >= absolute:
        return "absolute"
    return "idle" if now - last_activity_at >= idle else None


# Rights


def permissions_of(
    kind: str, roles: Iterable[str], declared: Mapping[str, Permission], granted: Iterable[str] = ()
) -> frozenset[str]:
    """Keys of the permissions that the roles have by default, and of those `granted` to staff beside them.

    A customer's roles are those of `ACCESS_ROLES`, of staff those of `STAFF_ROLES`; one kind never gets the other's.
    """
    if kind == "customer":
        held, granted = {CUSTOMER_ROLES[role] for role in roles if role in CUSTOMER_ROLES}, ()
    else:
        held = set(roles) & set(STAFF_ROLES)
    own = {key for key, permission in declared.items() if permission.roles & held}
    return frozenset(own | {key for key in granted if key in declared and is_for_staff(declared[key])})


def is_for_staff(permission: Permission) -> bool:
    """Whether a permission may be given to staff: it is not one of the customers' side alone."""
    return not permission.roles or not permission.roles <= set(CUSTOMER_ROLES.values())


# Devices: short words for a person, not a parser of every browser ever made

_BROWSERS = (
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Vivaldi", r"Vivaldi/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Version/.*Safari/"),
)
# The second column is a key of `devices.SYSTEMS`.
_SYSTEMS = (
    ("iphone", r"iPhone"),
    ("ipad", r"iPad"),
    ("android_phone", r"Android.*Mobile"),
    ("android_tablet", r"Android"),
    ("windows", r"Windows"),
    ("mac", r"Macintosh|Mac OS X"),
    ("chromebook", r"CrOS"),
    ("linux", r"Linux|X11"),
)


@dataclass(frozen=True)
class Device:
    """A browser's name and a key of the kind of device; None where the browser does not say."""

    browser: str | None
    system: str | None


def device_of(user_agent: str) -> Device:
    """What a User-Agent tells a person: `Device("Firefox", "windows")`."""
    text = user_agent[:MOST_USER_AGENT]
    return Device(_first(_BROWSERS, text), _first(_SYSTEMS, text))


def _first(table: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for name, pattern in table if re.search(pattern, text)), None)


# Passwords (identity.md §6.1): the part that needs no list. Lists and the meter are in `passwords.py`.

LEAST_PASSWORD, MOST_PASSWORD = 12, 128
# Beyond its context words a password must still have this many characters.
LEAST_BESIDES_CONTEXT = 8
_YEARS = re.compile(r"(19|20)\d\d")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def plain(text: str) -> str:
    """Lower case without Polish accents, for comparing a password with words."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def core_of(password: str) -> str:
    """A password without digits and signs around it, and once where it repeats itself.

    >>> core_of("Dragon2024!"), core_of("dragondragondragon"), core_of("2024202420242024")
    ('dragon', 'dragon', '')
    """
    core = _EDGES.sub("", plain(password))
    for length in range(1, len(core) // 2 + 1):
        if len(core) % length == 0 and core == core[:length] * (len(core) // length):
            return core[:length]
    return core


def besides(password: str, words: Iterable[str]) -> str:
    """What is left of a password without the context words, years, digits and signs."""
    rest = plain(password)
    for word in sorted({plain(w) for w in words if len(w) >= 3}, key=len, reverse=True):
        rest = rest.replace(word, " ")
    return "".join(c for c in _YEARS.sub(" ", rest) if c.isalpha())
