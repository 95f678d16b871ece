"""Accounts of an older system carried over: nobody registers again, each gets a link to a first password (P14)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from ebok_core import i18n
from ebok_core.errors import ConfigurationError, Refused
from ebok_core.identity import accounts
from ebok_core.notifications import rules as mail_rules

from . import letters, recovery, tytan

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

COLUMNS = ("login", "name", "email", "customer_codes")
SUBJECT = "account"


@dataclass
class Carried:
    """What came of an import: accounts made, those that were there before, and lines with what is wrong with them."""

    made: int = 0
    known: int = 0
    wrong: list[tuple[int, str]] = field(default_factory=list)


def carry_over(runtime: Runtime, path: Path) -> Carried:
    """Make the accounts of a CSV file (`login;name;email;customer_codes`, codes with spaces between them).

    Each line is a unit of work of its own, so the file may be given again after its wrong lines are corrected: whom the
    portal knows gets no second mail. Raises `ConfigurationError` for a file that is none of these.
    """
    found = Carried()
    for number, line in _lines(path):
        codes = line["customer_codes"].split()
        try:
            with runtime.database.unit_of_work() as session:
                _carry(session, line, codes)
        except Refused as refused:
            if refused.code == "login_taken":
                found.known += 1
            else:
                found.wrong.append((number, str(refused)))
        except ValueError as error:
            found.wrong.append((number, str(error)))
        else:
            found.made += 1
    return found


def _carry(session: Session, line: dict[str, str], codes: list[str]) -> None:
    if not codes:
        raise ValueError("no customer code")
    if not mail_rules.is_address(line["email"]):
        raise ValueError("no e-mail address: its owner registers with a bill, or the office hands a link over")
    unknown = [code for code in codes if tytan.customer(session, code) is None]
    if unknown:
        raise ValueError(f"TYTAN has no customer {unknown[0]}")
    account_id = accounts.add_account(
        session,
        kind="customer",
        login=line["login"] or line["email"],
        display_name=line["name"] or line["login"],
        email=line["email"],
        customer_codes=codes,
        source="import",
    )
    token, expires = accounts.make_link(session, account_id)
    letters.send(
        session,
        letters.CARRIED,
        line["email"],
        subject=(SUBJECT, account_id, 1),
        path=f"{recovery.LINK_PATH}{token}",
        login=line["login"] or line["email"],
        until=i18n.instant_in_words(expires),
    )


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=";")
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ConfigurationError(f"The first line of {path} must be {';'.join(COLUMNS)}")
            for line in reader:
                yield reader.line_num, {name: (line[name] or "").strip() for name in COLUMNS}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} can't be read as a UTF-8 text: {error}") from error
