"""Languages: one place writes numbers, money and dates for people; catalogues merge in a fixed order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ebok_core import i18n

NBSP = "\N{NO-BREAK SPACE}"
HEADER = (
    'msgid ""\nmsgstr ""\n"Language: pl\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=3; '
    'plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"\n\n'
)


@pytest.fixture
def catalogue(tmp_path):
    """Write a Polish catalogue and use it alone; gives the function that adds one more."""
    before = i18n._folders
    folders = []

    def add(name, text):
        path = tmp_path / "plugins" / name / name / "translations" / "pl" / "LC_MESSAGES" / f"{name}.po"
        path.parent.mkdir(parents=True)
        path.write_text(HEADER + text)
        i18n.compile_catalogues(tmp_path)
        folders.append(path.parents[2])
        i18n.install(folders)
        return path

    yield add
    i18n.install(before)


MONEY = {
    "0": "0,00 zł", "0.05": "0,05 zł", "12.3": "12,30 zł", "999.99": "999,99 zł", "1234.56": "1 234,56 zł",
    "-1234.56": "−1 234,56 zł", "1234567.89": "1 234 567,89 zł",
}  # fmt: skip


@pytest.mark.parametrize("amount", MONEY)
def test_money(amount):
    assert i18n.money(Decimal(amount)) == MONEY[amount].replace(" ", NBSP)


def test_money_in_english():
    with i18n.use_locale("en"):
        assert i18n.money(Decimal("1234.56")) == f"1,234.56{NBSP}zł"


VOLUMES = {
    "421": "421 m³",
    "421.000": "421 m³",
    "0.5": "0,5 m³",
    "9999": "9999 m³",
    "12345": "12 345 m³",
    "-3": "−3 m³",
}


@pytest.mark.parametrize("value", VOLUMES)
def test_volume(value):
    assert i18n.volume(Decimal(value)) == VOLUMES[value].replace(" ", NBSP)


def test_volume_of_hundreds_has_no_exponent():
    assert i18n.volume(Decimal("400")) == f"400{NBSP}m³"


def test_account_number():
    assert i18n.account_number("54999000094127000000104217") == "54 9990 0009 4127 0000 0010 4217".replace(" ", NBSP)


def test_dates(clock):
    day = date(2026, 11, 30)
    assert i18n.iso(day) == "2026-11-30"
    assert i18n.iso(None) == "–"
    assert i18n.dotted(day) == "30.11.2026"
    assert i18n.in_words(day) == "30 listopada"
    assert i18n.in_words(day, weekday=True) == "poniedziałek, 30 listopada"
    assert i18n.in_words(date(2027, 1, 2)) == "2 stycznia 2027"
    assert i18n.month_name(day) == "listopad 2026"


def test_an_instant_is_shown_on_a_warsaw_clock():
    assert i18n.instant_iso(datetime(2026, 11, 24, 5, 15, tzinfo=UTC)) == "2026-11-24 06:15"
    assert i18n.instant_iso(datetime(2026, 7, 24, 5, 15, tzinfo=UTC)) == "2026-07-24 07:15"


def test_a_message_without_a_translation_is_its_english_sentence():
    assert i18n.gettext("The lane %(lane)s is closed", lane=3) == "The lane 3 is closed"


def test_a_catalogue_translates(catalogue):
    catalogue("ebok_basen", 'msgid "Lane %(lane)s"\nmsgstr "Tor %(lane)s"\n')
    assert i18n.gettext("Lane %(lane)s", lane=3) == "Tor 3"
    with i18n.use_locale("en"):
        assert i18n.gettext("Lane %(lane)s", lane=3) == "Lane 3"


def test_polish_plural_forms(catalogue):
    catalogue(
        "ebok_basen",
        'msgid "%(n)s lane"\nmsgid_plural "%(n)s lanes"\n'
        'msgstr[0] "%(n)s tor"\nmsgstr[1] "%(n)s tory"\nmsgstr[2] "%(n)s torów"\n',
    )
    said = [i18n.ngettext("%(n)s lane", "%(n)s lanes", n) for n in (1, 2, 5, 12, 22, 25, 101)]
    assert said == ["1 tor", "2 tory", "5 torów", "12 torów", "22 tory", "25 torów", "101 torów"]


def test_a_context_keeps_two_meanings_apart(catalogue):
    catalogue("ebok_basen", 'msgid "Open"\nmsgstr "Otwórz"\n\nmsgctxt "state"\nmsgid "Open"\nmsgstr "Otwarty"\n')
    assert (i18n.gettext("Open"), i18n.pgettext("state", "Open")) == ("Otwórz", "Otwarty")


def test_of_two_catalogues_the_later_folder_wins(catalogue):
    catalogue("ebok_aqua", 'msgid "Lane"\nmsgstr "Tor"\n')
    catalogue("ebok_basen", 'msgid "Lane"\nmsgstr "Ścieżka"\n')
    assert i18n.gettext("Lane") == "Ścieżka"


def test_a_lazy_text_speaks_the_language_of_the_moment(catalogue):
    text = i18n.lazy_gettext("Lane")
    catalogue("ebok_basen", 'msgid "Lane"\nmsgstr "Tor"\n')
    assert str(text) == "Tor"
    with i18n.use_locale("en"):
        assert str(text) == "Lane"


def test_an_unknown_language_is_polish():
    with i18n.use_locale("tlh"):
        assert i18n.current_locale() == "pl"


def test_a_compiled_catalogue_is_written_again_only_when_its_source_changes(catalogue, tmp_path):
    catalogue("ebok_basen", 'msgid "Lane"\nmsgstr "Tor"\n')
    assert i18n.compile_catalogues(tmp_path) == 0
