"""Polish is complete, no two catalogues disagree, and what is wrong inside a catalogue is found."""

from __future__ import annotations

import pytest
from babel.messages.mofile import write_mo

from ebok_core.testing import catalogues


def packages(root):
    return list(catalogues.packages(root))


def test_every_text_has_a_polish_translation(root):
    core, *modules = packages(root)
    missing = catalogues.missing(core)
    for module in modules:
        missing += catalogues.missing(module, core)
    assert missing == []


def test_no_two_catalogues_translate_one_text_differently(root):
    assert catalogues.conflicts(packages(root)) == []


def test_catalogues_are_sound(root):
    found = [c for package in packages(root) for po in catalogues.catalogues(package) for c in catalogues.faulty(po)]
    assert found == []


def test_catalogues_compile(root, tmp_path):
    for package in packages(root):
        for po in catalogues.catalogues(package):
            with (tmp_path / "x.mo").open("wb") as file:
                write_mo(file, catalogues.read(po))


def test_translations_that_nothing_asks_for_are_remarked(root, remark):
    for package in packages(root):
        for complaint in catalogues.unused(package):
            remark(complaint)


# The functions themselves, on a package made for it.

HEADER = (
    'msgid ""\nmsgstr ""\n"Language: pl\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=3; '
    'plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"\n\n'
)
SOURCE = """
from ebok_core.i18n import lazy_gettext as _, ngettext, pgettext
A = _("Lane")
B = pgettext("state", "Open")
C = ngettext("%(n)s lane", "%(n)s lanes", 3)
"""


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "ebok_basen"
    (folder / "templates" / "ebok_basen").mkdir(parents=True)
    (folder / "views.py").write_text(SOURCE)
    (folder / "templates" / "ebok_basen" / "index.html").write_text(
        "{% trans %}Swim{% endtrans %}{{ _('Towel') }}"
        "{% trans n=3 %}{{ n }} towel{% pluralize %}{{ n }} towels{% endtrans %}"
    )

    def write(text, name="ebok_basen"):
        path = folder / "translations" / "pl" / "LC_MESSAGES" / f"{name}.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + text)
        return folder

    return write


def test_texts_are_found_in_sources_and_templates(package):
    found = catalogues.extracted(package(""))
    assert set(found) == {
        catalogues.Key(None, "Lane"),
        catalogues.Key("state", "Open"),
        catalogues.Key(None, "%(n)s lane", "%(n)s lanes"),
        catalogues.Key(None, "Swim"),
        catalogues.Key(None, "Towel"),
        catalogues.Key(None, "%(n)s towel", "%(n)s towels"),
    }
    assert found[catalogues.Key(None, "Lane")] == ["views.py:3"]


@pytest.mark.parametrize(
    "entry",
    [
        'msgid "Lane"\nmsgstr ""\n',
        '#, fuzzy\nmsgid "Lane"\nmsgstr "Tor"\n',
        'msgctxt "pool"\nmsgid "Lane"\nmsgstr "Tor"\n',
        'msgid "lane"\nmsgstr "Tor"\n',
    ],
)
def test_an_empty_a_fuzzy_or_another_translation_is_none(package, entry):
    assert any("'Lane'" in complaint for complaint in catalogues.missing(package(entry)))


def test_a_plural_form_too_few_is_none(package):
    text = (
        'msgid "%(n)s lane"\nmsgid_plural "%(n)s lanes"\nmsgstr[0] "%(n)s tor"\nmsgstr[1] "%(n)s tory"\nmsgstr[2] ""\n'
    )
    assert any("'%(n)s lane'" in complaint for complaint in catalogues.missing(package(text)))


def test_a_translation_is_enough(package):
    assert not any("'Lane'" in complaint for complaint in catalogues.missing(package('msgid "Lane"\nmsgstr "Tor"\n')))


def test_a_disagreement_is_found(package):
    package('msgid "Lane"\nmsgstr "Tor"\n', "a")
    folder = package('msgid "Lane"\nmsgstr "Ścieżka"\n', "b")
    assert catalogues.conflicts([folder]) == ["'Lane': a.po says 'Tor', b.po says 'Ścieżka'"]


@pytest.mark.parametrize("text", ["Tor", "Tor %(tor)s", "Tor %(lane)s i %(x)s"])
def test_a_lost_or_strange_place_is_found(package, text):
    folder = package(f'msgid "Lane %(lane)s"\nmsgstr "{text}"\n')
    assert catalogues.faulty(catalogues.catalogues(folder)[0])


def test_what_nothing_asks_for_is_found(package):
    assert catalogues.unused(package('msgid "Diver"\nmsgstr "Nurek"\n')) == [
        "ebok_basen.po: 'Diver' is asked for nowhere"
    ]


def test_update_adds_what_is_missing_and_keeps_what_is_there(package):
    folder = package('msgid "Lane"\nmsgstr "Tor"\n')
    assert catalogues.update(folder) == 5
    text = catalogues.catalogues(folder)[0].read_text()
    assert 'msgid "Lane"\nmsgstr "Tor"' in text
    assert 'msgctxt "state"\nmsgid "Open"\nmsgstr ""' in text
    assert 'msgid_plural "%(n)s towels"' in text
