"""What a driver's words mean for the page "Dostęp do bazy danych": the field to look at, and a sentence (L172)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _

ADDRESS, PASSWORD, MAPPING = "address", "password", "mapping"  # noqa: S105 - names of fields


class Trouble(NamedTuple):
    """The field to look at and what is wrong with it."""

    field: str
    text: str


# (kind, words of the drivers of PostgreSQL, SQL Server, MySQL, Oracle, Firebird, SQLite), the first that fits counts.
_WORDS: tuple[tuple[str, str], ...] = (
    ("password", r"password authentication|no password supplied|access denied|login failed|18456|ORA-01017"),
    ("database", r"database .* does not exist|unknown database|cannot open database|ORA-12514|ORA-12505"),
    ("name", r"translate host name|name or service not known|name resolution|resolve host|nodename|getaddrinfo"),
    ("refused", r"refused|ORA-12541|no listener|can't connect|could not connect to server"),
    ("time", r"time ?out|timed out|ORA-12170|no route to host|unreachable"),
    ("certificate", r"certificate|ssl|tls"),
    ("file", r"no file|nie ma pliku|unable to open database"),
    ("rights", r"permission denied|insufficient privilege|ORA-01031|not authorized"),
)
_SENTENCES: Mapping[str, tuple[str, Any]] = {
    "password": (PASSWORD, _("The database does not let this account in. Check its name and its password")),
    "database": (ADDRESS, _("The server has no database of this name. Check what stands after the last /")),
    "name": (ADDRESS, _("There is no server of this name. Check the part between @ and the next / or :")),
    "refused": (ADDRESS, _("No database listens at this port of the server. Check the port and the firewall")),
    "time": (ADDRESS, _("The server does not answer in time. Check the name, the port and the firewall between us")),
    "certificate": (ADDRESS, _("The encrypted connection could not be made. Check the server's certificate")),
    "file": (ADDRESS, _("There is no file of this name on the portal's machine. Check the path")),
    "rights": (ADDRESS, _("The account was let in, but may not read. Ask for the right to read the views")),
}


def of(reason: str) -> Trouble:
    """The trouble behind a driver's first line; what we do not know is told in the driver's words.

    >>> of("connection to server at \\"10.0.0.1\\", port 5432 failed: timeout expired").field
    'address'
    """
    for kind, words in _WORDS:
        if re.search(words, reason, re.IGNORECASE):
            field, text = _SENTENCES[kind]
            return Trouble(field, str(text))
    return Trouble(ADDRESS, gettext("The database answers with an error: %(reason)s", reason=reason))
