"""*Sprawdź dokument*: who holds a document learns whether it is ours, unchanged and paid; nothing of a person (N09)."""

from __future__ import annotations

import io
import re

import pytest
import sqlalchemy as sa

from ebok_core.outbox import deliver
from ebok_core.testing import pdfs
from ebok_core.tytan import copy
from ebok_faktura.models import CheckCode, IssuedPdf

INVOICE, PAID = "R. 2026/000412", "R. 2026/000215"
CHECK, PDF = "/faktury/sprawdz", "/faktury/pdf/"
OURS, NOT_OURS = "To nasz dokument", "To nie jest nasz dokument albo ktoś go zmienił"
_i = copy.invoices.c

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def issued(world, a):
    """A's invoice as a PDF that was given out, and the code that is printed on it."""

    def issue(number: str = INVOICE) -> tuple[bytes, str]:
        answer = a.get(PDF + number)
        if answer.status_code == 303:
            deliver.drain(world, "faktura_files")
            answer = a.get(PDF + number)
        code = re.search(r"Kod dokumentu: ([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})", pdfs.read(answer.data).text)
        assert code, "no code is printed"
        return answer.data, code[1]

    return issue


def send(client, content: bytes | None = None, name: str = "faktura.pdf", **fields):
    """Post the form as a browser does. The body is written by hand: the client's own would stay open as a file."""
    page = client.get(CHECK).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    given = {"csrf_token": token, "numer": "", "kod": "", **fields}
    body = [part(f'name="{field}"', value.encode()) for field, value in given.items()]
    body.append(part(f'name="plik"; filename="{name if content is not None else ""}"', content or b""))
    sent = io.BytesIO(b"".join(body) + b"--X--\r\n")
    size, kind = len(sent.getvalue()), "multipart/form-data; boundary=X"
    return client.post(CHECK, input_stream=sent, content_type=kind, content_length=size)


def part(head: str, content: bytes) -> bytes:
    return f"--X\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"


def parts(answer, text_of) -> str:
    return text_of(answer).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.feature("N09")
def test_a_file_that_we_gave_out_is_ours_and_one_changed_byte_makes_it_not_ours(client, issued, text_of):
    content, _code = issued()
    text = parts(send(client, content), text_of)
    assert OURS in text and "nikt go nie zmienił" in text
    for place in (20, len(content) // 2, len(content) - 1):
        forged = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        text = parts(send(client, forged), text_of)
        assert NOT_OURS in text and OURS not in text, place


@pytest.mark.feature("N09")
def test_the_answer_tells_amount_and_payment_and_no_person(client, issued, world, text_of):
    content, code = issued()
    with world.database.snapshot() as session:
        row = session.execute(sa.select(copy.invoices).where(_i.number == INVOICE)).one()
    for answer in (send(client, content), send(client, numer=INVOICE, kod=code)):
        text = parts(answer, text_of)
        assert f"{row.gross:.2f} zł".replace(".", ",") in text
        assert f"zostało do zapłaty {row.to_pay:.2f} zł".replace(".", ",") in text
        assert row.buyer_name not in text and row.customer_code not in text
        assert row.buyer_address.split(",")[0] not in text
    paid, code = issued(PAID)
    assert "nic nie zostało do zapłaty" in parts(send(client, paid), text_of)


def test_the_code_of_the_document_answers_however_it_is_typed(client, issued, text_of):
    _content, code = issued()
    for typed in (code, code.lower(), code.replace("-", " "), code.replace("0", "O").replace("1", "l")):
        assert OURS in parts(send(client, numer=INVOICE, kod=typed), text_of)


@pytest.mark.parametrize(
    ("number", "change"), [(INVOICE, lambda code: "0000-0000-0000"), (PAID, str), ("R. 2026/999999", str)]
)
def test_a_wrong_code_and_a_wrong_number_are_one_answer(client, issued, text_of, number, change):
    _content, code = issued()
    text = parts(send(client, numer=number, kod=change(code)), text_of)
    assert NOT_OURS in text and OURS not in text


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "x.pdf", "Ten plik jest pusty"),
        (b"GIF89a", "x.pdf", "To nie jest PDF"),
        (b"PK\x03\x04", "faktura.docx", "To nie jest PDF"),
        (b"%PDF-" + b"0" * (5 * 1024 * 1024), "x.pdf", "ponad 5 MB"),
    ],
)
def test_what_can_be_no_document_of_ours_is_an_error_at_the_field(client, world, text_of, content, name, sentence):
    answer = send(client, content, name)
    assert answer.status_code == 422
    assert sentence in parts(answer, text_of)


def test_much_too_large_a_file_is_refused_before_it_is_read(client, world, text_of):
    answer = send(client, b"%PDF-" + b"0" * (7 * 1024 * 1024))
    assert answer.status_code == 413
    assert "To za dużo naraz" in parts(answer, text_of) or "mniejszy" in parts(answer, text_of)


def test_another_pdf_is_not_ours(client, world, text_of):
    assert NOT_OURS in parts(send(client, b"%PDF-1.7\n%foreign"), text_of)


def test_nothing_given_asks_for_something(client, world, text_of):
    answer = send(client)
    assert answer.status_code == 422
    assert parts(answer, text_of).count("Wypełnij to pole albo wybierz plik") >= 2


def test_guessing_becomes_slow_and_a_right_answer_does_not(client, issued, clock, text_of):
    content, _code = issued()
    for _ in range(25):
        assert OURS in parts(send(client, content), text_of)
    for _ in range(10):
        assert NOT_OURS in parts(send(client, numer=INVOICE, kod="0000-0000-0000"), text_of)
    answer = send(client, content)
    assert answer.status_code == 422
    assert "Za dużo prób" in parts(answer, text_of)
    clock.advance(minutes=2)
    assert OURS in parts(send(client, content), text_of)


def test_a_document_that_the_portal_does_not_hold_any_more_was_ours_all_the_same(client, issued, world, text_of):
    content, _code = issued()
    with world.database.refresher.begin() as connection:
        connection.execute(sa.delete(copy.invoices).where(_i.number == INVOICE))
    answer = send(client, content)
    assert answer.status_code == 422
    assert "To nasz dokument, ale nie ma go już w portalu" in parts(answer, text_of)


def test_what_is_kept_of_a_print_names_no_person(issued, world):
    issued()
    with world.database.snapshot() as session:
        rows = [*session.execute(sa.select(CheckCode.__table__)), *session.execute(sa.select(IssuedPdf.__table__))]
    assert len(rows) == 2
    assert not any(word in str(row) for row in rows for word in ("1-01001", "Zieli"))


def test_a_code_stays_the_same_for_its_document(issued):
    assert issued()[1] == issued()[1]


def test_the_page_is_found_from_the_menu_of_strangers(client, world):
    assert CHECK in client.get("/kontakt").get_data(as_text=True)
