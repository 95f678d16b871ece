"""Languages: message catalogues, and the one place that writes dates, numbers and money for people.

Message ids are English sentences; Polish is complete. Works without Flask: workers write mails by the same rules.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.core import Locale
from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import LazyProxy, NullTranslations, Translations

from . import clock

DEFAULT_LOCALE = "pl"
# What the language switch offers: Polish is complete, English is the language of the message ids.
LOCALES: Mapping[str, str] = {"pl": "polski", "en": "English"}
NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
_folders: tuple[Path, ...] = (Path(__file__).parent / "translations",)


def install(folders: Iterable[Path]) -> None:
    """Name the catalogue folders, modules by name first, then the core, then the utility's overrides: the last wins."""
    global _folders
    _folders = tuple(folders)
    _translations.cache_clear()


def current_locale() -> str:
    """The language of this request or job."""
    return _locale.get()


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Speak another language for a while (a mail to a customer)."""
    token = _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)
    try:
        yield
    finally:
        _locale.reset(token)


def set_locale(locale: str) -> None:
    """Set the language of this request; an unknown one falls back to Polish."""
    _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)


def gettext(message: str, /, **values: Any) -> str:
    """Translate; `%(name)s` places are filled with `values`."""
    text = _translations(_locale.get()).ugettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, /, **values: Any) -> str:
    """Translate with the plural form for `n`, which also fills `%(n)s`."""
    text = _translations(_locale.get()).ungettext(singular, plural, n)
    return text % {"n": n, **values}


def pgettext(context: str, message: str, /, **values: Any) -> str:
    """Translate a message that means different things in different places."""
    text = _translations(_locale.get()).upgettext(context, message)
    return text % values if values else text


def lazy_gettext(message: str, /, **values: Any) -> Any:
    """A text that is translated when it is shown: for declarations and schemas."""
    return LazyProxy(gettext, message, enable_cache=False, **values)


def lazy_pgettext(context: str, message: str, /, **values: Any) -> Any:
    """The lazy form of `pgettext`."""
    return LazyProxy(pgettext, context, message, enable_cache=False, **values)


@lru_cache(maxsize=8)
def _translations(locale: str) -> NullTranslations:
    merged = Translations()
    for folder in _folders:
        for path in sorted((folder / locale / "LC_MESSAGES").glob("*.mo")):
            with path.open("rb") as file:
                catalogue = Translations(fp=file)
            merged.merge(catalogue)
            merged.plural = catalogue.plural  # a merge takes the messages and leaves the plural rule behind
    return merged


# Numbers, money, volumes. Formatted by hand in one pass: a list page writes hundreds of them (performance.md).


def money(amount: Decimal, *, unit: bool = True) -> str:
    """`1 234,56 zł` with no-break spaces (billing.md §2.2); minus only inside a sum column, as U+2212."""
    sign = MINUS if amount < 0 else ""
    text = sign + _grouped(f"{abs(amount):.2f}")
    return f"{text}{NBSP}zł" if unit else text


def volume(value: Decimal, *, unit: bool = True) -> str:
    """Cubic metres: `421 m³`; decimals only where there are any."""
    sign = MINUS if value < 0 else ""
    text = sign + _grouped(f"{abs(value.normalize()):f}", least=10_000)
    return f"{text}{NBSP}m³" if unit else text


def number(value: Decimal | int, *, decimals: int | None = None) -> str:
    """A number in groups of three from 10 000, with the language's decimal sign."""
    text = f"{abs(value)}" if decimals is None else f"{abs(value):.{decimals}f}"
    return (MINUS if value < 0 else "") + _grouped(text, least=10_000)


def _grouped(text: str, least: int = 1_000) -> str:
    whole, _, fraction = text.partition(".")
    polish = _locale.get() != "en"
    if int(whole) >= least:
        whole = f"{int(whole):,}".replace(",", NBSP if polish else ",")
    return f"{whole}{',' if polish else '.'}{fraction}" if fraction else whole


def account_number(nrb: str) -> str:
    """A bank account as 2 + 6 × 4 digits with no-break spaces."""
    return NBSP.join([nrb[:2], *re.findall(".{1,4}", nrb[2:])])


# Dates. ISO on screens and in tables, words in sentences, dots in documents and mails (architecture.md 12).


def iso(day: date | None) -> str:
    """`2026-11-24`, or an en dash for no date."""
    return day.isoformat() if day else "–"


def dotted(day: date) -> str:
    """`24.11.2026`, for documents and mails."""
    return day.strftime("%d.%m.%Y")


def in_words(day: date, *, weekday: bool = False) -> str:
    """`30 listopada`, with the year when it is not this one and the weekday where something must be done by then."""
    skeleton = "MMMMd" if day.year == clock.today().year else "yMMMMd"
    if _locale.get() == "pl":
        text = format_date(day, "d MMMM" if skeleton == "MMMMd" else "d MMMM y", locale="pl")
    else:
        text = format_skeleton(skeleton, day, locale=_locale.get())
    return f"{format_date(day, 'EEEE', locale=_locale.get())}, {text}" if weekday else text


def instant_in_words(instant: datetime) -> str:
    """`24 listopada 2026, godz. 6:15` on a Warsaw clock."""
    moment = clock.local(instant)
    day = format_date(moment.date(), "d MMMM y", locale=_locale.get())
    return gettext("%(day)s, %(time)s", day=day, time=f"{moment.hour}:{moment.minute:02d}")


def instant_iso(instant: datetime) -> str:
    """`2026-11-24 06:15` on a Warsaw clock, for tables."""
    return clock.local(instant).strftime("%Y-%m-%d %H:%M")


def month_name(day: date) -> str:
    """`listopad 2026`, the name alone as in a heading."""
    return format_date(day, "LLLL y", locale=Locale.parse(_locale.get()))


# Catalogues as files: compile on start, extract and update for developers.


def catalogue_folders(root: Path) -> list[Path]:
    """Every `translations` folder of a tree: this one, or an author's with packages beside its `pyproject.toml`."""
    return sorted({p for pattern in ("*/translations", "plugins/*/*/translations") for p in root.glob(pattern)})


def compile_catalogues(root: Path) -> int:
    """Write `.mo` beside each `.po` that is newer; returns how many were written."""
    written = 0
    for po in (p for folder in catalogue_folders(root) for p in sorted(folder.glob("*/LC_MESSAGES/*.po"))):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with po.open("rb") as source:
            catalogue = read_po(source, locale=po.parts[-3])
        part = mo.with_suffix(".part")
        with part.open("wb") as target:
            write_mo(target, catalogue)
        part.replace(mo)
        written += 1
    return written


if __name__ == "__main__":
    if sys.argv[1:] == ["compile"]:
        compile_catalogues(Path.cwd())
    else:
        sys.exit("usage: python -m ebok_core.i18n compile")
