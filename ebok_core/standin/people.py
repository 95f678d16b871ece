"""People, firms and addresses of the utility: invented, with all letters and quotes that real ones bring."""

from __future__ import annotations

from typing import NamedTuple

from ebok_core.standin import utility
from ebok_core.standin.dice import Dice

FEMALE_NAMES = (
    "Anna", "Maria", "Katarzyna", "Małgorzata", "Agnieszka", "Barbara", "Ewa", "Elżbieta", "Krystyna", "Zofia",
    "Łucja", "Bożena", "Żaneta", "Józefa", "Grażyna", "Danuta", "Halina", "Świętosława", "Wiesława", "Róża",
)  # fmt: skip
MALE_NAMES = (
    "Jan", "Stanisław", "Andrzej", "Józef", "Tadeusz", "Jerzy", "Zbigniew", "Łukasz", "Paweł", "Michał",
    "Grzegorz", "Wojciech", "Mieczysław", "Bogusław", "Żelimir", "Zdzisław", "Krzysztof", "Rafał", "Błażej", "Hieronim",
)  # fmt: skip
SURNAMES = (
    "Nowak", "Wójcik", "Kowalczyk", "Woźniak", "Mazur", "Krawczyk", "Kaczmarek", "Zając", "Król", "Wróbel",
    "Stępień", "Gołąb", "Dudek", "Żak", "Sikora", "Łoś", "Bąk", "Gęś", "Świerk", "Dąb", "Kołodziej", "Źrebiec",
)  # fmt: skip
ADJECTIVE_SURNAMES = (
    "Kowalsk", "Zielińsk", "Wiśniewsk", "Lewandowsk", "Szymańsk", "Dąbrowsk", "Kozłowsk", "Jankowsk", "Wojciechowsk",
    "Kwiatkowsk", "Piotrowsk", "Grabowsk", "Pawłowsk", "Michalsk", "Jabłońsk", "Wróblewsk", "Borkowsk", "Żuławsk",
)  # fmt: skip
QUOTED_SURNAMES = ("O'Connor", "D'Ąbrowa", "O'Żółkiewski-Łęcki")

STREETS = (
    "Lipowa", "Źródlana", "Łąkowa", "Świętej Jadwigi", "Żwirowa", "Kąpielowa", "Księżycowa", "Wiśniowa", "Jeżynowa",
    "Nad Strugą", "Młyńska", "Brzozowa", "Polna", "Słoneczna", "Kościuszki", "Długa", "Ogrodowa", "Szkolna",
    "Gęsia", "Rzeczna", "Zdrojowa", "Wodna", "Dębowa", "Piękna", "3 Maja", "11 Listopada", "Ks. Piotra Ściegiennego",
)  # fmt: skip
VILLAGES = ("Nowa Struga", "Olszyny Małe", "Kąty Strużańskie", "Żabi Gród", "Źródła", "Łęg", "Święte Pole")

TRADES = ("Piekarnia", "Zakład fryzjerski", "Warsztat samochodowy", "Sklep spożywczy", "Myjnia", "Pralnia", "Cukiernia")
BRANDS = ("Źródło", "Strużka", "Dąbek", "Żuraw", "Świt", "Łabędź", "Zdrój", "Kłos", "Modrzew", "Przystań")
FORMS = ("sp. z o.o.", "s.c.", "sp.j.", "S.A.")
INSTITUTIONS = (
    "Szkoła Podstawowa nr {} w Brzozowej Strudze", "Przedszkole „Żabki” nr {}", "Ośrodek Zdrowia nr {}",
    "Ochotnicza Straż Pożarna nr {}", "Dom Kultury „Świetlica” nr {}",
)  # fmt: skip
LONG_NAME = (
    "Przedsiębiorstwo Usługowo-Produkcyjne „Źródlana Łąka – Żywność Ekologiczna”"
    " Świętosława Gołąb-Źrebiec i Wspólnicy sp. j."
)
"""120 characters: it must wrap on the page, not be cut (L32)."""
QUOTED_NAME = """Hurtownia "Pod 'Łabędziem'" – P.H.U. „Źródło & Syn” sp. z o.o."""

_PLAIN = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ", "'\"„”")


class Address(NamedTuple):
    """An address as the contract carries it; a village has no streets."""

    street: str | None
    house_no: str
    flat_no: str | None
    postal_code: str
    city: str

    def text(self) -> str:
        """The address in one line."""
        number = f"{self.house_no}/{self.flat_no}" if self.flat_no else self.house_no
        return f"{self.street or self.city} {number}, {self.postal_code} {self.city}"


class Person(NamedTuple):
    """A private person."""

    name: str
    female: bool


def person(dice: Dice, *, quoted: bool = False) -> Person:
    """A person with a first name and a surname that agree in gender."""
    female = dice.chance(0.5)
    first = dice.pick(FEMALE_NAMES if female else MALE_NAMES)
    if quoted:
        return Person(f"{first} {dice.pick(QUOTED_SURNAMES)}", female)
    if dice.chance(0.5):
        return Person(f"{first} {dice.pick(ADJECTIVE_SURNAMES)}{'a' if female else 'i'}", female)
    surname = dice.pick(SURNAMES)
    if female and dice.chance(0.1):
        surname = f"{surname}-{dice.pick(ADJECTIVE_SURNAMES)}a"
    return Person(f"{first} {surname}", female)


def company(dice: Dice, number: int) -> str:
    """The name of a firm; `number` keeps names apart."""
    return f"{dice.pick(TRADES)} „{dice.pick(BRANDS)}” {number} {dice.pick(FORMS)}"


def institution(dice: Dice, number: int) -> str:
    """The name of a public institution."""
    return dice.pick(INSTITUTIONS).format(number)


def address(dice: Dice, *, flat: bool = False, village: bool = False) -> Address:
    """An address in the town or in one of the villages around it."""
    house_no = f"{dice.between(1, 180)}{'A' if dice.chance(0.06) else ''}"
    flat_no = str(dice.between(1, 60)) if flat else None
    if village:
        return Address(None, house_no, flat_no, "62-998", dice.pick(VILLAGES))
    return town_address(dice.pick(STREETS), house_no, flat_no)


def town_address(street: str, house_no: str, flat_no: str | None = None) -> Address:
    """An address in the town itself."""
    return Address(f"ul. {street}", house_no, flat_no, utility.POSTAL_CODE, utility.CITY)


def email(name: str, serial: int) -> str:
    """An e-mail address under a domain that can't exist."""
    words = [word for word in name.translate(_PLAIN).lower().replace("-", " ").split() if word.isalpha()]
    return f"{'.'.join(words[:2])}.{serial}@poczta.example"


def phone(dice: Dice) -> str:
    """A phone number of a range that is not in use."""
    return f"61 000 {dice.between(10, 99)} {dice.between(10, 99)}"
