"""Files of a document: its PDF, what TYTAN holds beside it, and the page that waits while TYTAN is asked (L109)."""

from __future__ import annotations

from flask import Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.web import done, letterhead, render, runtime, snapshot, unit_of_work, viewer

from .. import drawing
from ..rules.document import InvoiceDocument
from ..service import documents, files, printing, proof
from .blueprint import blueprint
from .document import known
from .receipts import note_opened

REFRESH_S = 3
FROM_COPY = "z-danych"
"""The wish of who does not want to wait: make the PDF of what the copy holds."""
NAMES = {"xml": (files.FA3, "xml"), "oryginal": (files.PDF, "pdf"), "upo": (files.UPO, "xml")}


@blueprint.get("/pdf/<path:number>")
def pdf(number: str) -> ResponseReturnValue:
    """The PDF of one's own document, tagged, in one layout wherever it comes from."""
    number = known(number)
    row = documents.row(snapshot(), viewer(), number)
    if row.has_xml and FROM_COPY not in request.args and _must_wait(number, files.FA3):
        return redirect(url_for(".wait", number=number), 303)
    head = letterhead()

    def draw(document: InvoiceDocument) -> bytes:
        return drawing.draw(document, head)

    made = printing.printed(runtime(), viewer(), number, draw)
    note_opened(number, proof.DOWNLOADED)
    return _answer(made.content, made.name, "application/pdf", inline="podglad" in request.args)


@blueprint.get("/pobieranie/<path:number>")
def wait(number: str) -> ResponseReturnValue:
    """Whether TYTAN has given the file by now; the page looks again by itself while it has not."""
    number = known(number)
    row = documents.row(snapshot(), viewer(), number)
    state = files.known(snapshot(), row.number)
    wanted = request.args.get("plik", "")
    own, _ending = NAMES.get(wanted, (files.FA3, ""))
    is_ready = own in state.kept or (wanted in NAMES and not state.is_on_its_way)
    answer = Response(
        render(
            "ebok_faktura/wait.html",
            title=_("The file of %(number)s", number=row.number),
            menu="faktura.invoices",
            row=row,
            href=_address(row.number, wanted),
            again=url_for(".wait", number=row.number, plik=wanted or None),
            is_ready=is_ready,
            is_slow=not is_ready and (state.is_slow or not state.is_on_its_way),
            from_copy={FROM_COPY: ""},
        ).get_data()
    )
    if not is_ready and state.is_on_its_way and not state.is_slow:
        answer.headers["Refresh"] = str(REFRESH_S)
    return answer


def _address(number: str, wanted: str) -> str:
    """Where a file that was waited for is given out."""
    return url_for(".file", kind=wanted, number=number) if wanted in NAMES else url_for(".pdf", number=number)


@blueprint.get("/plik/<kind>/<path:number>")
def file(kind: str, number: str) -> ResponseReturnValue:
    """A file as TYTAN gave it, byte for byte: the FA(3), the original PDF, the confirmation of KSeF."""
    if kind not in NAMES:
        abort(404)
    own, ending = NAMES[kind]
    number = known(number)
    row = documents.row(snapshot(), viewer(), number)
    if _must_wait(row.number, own):
        return redirect(url_for(".wait", number=row.number, plik=kind), 303)
    sha256 = files.known(snapshot(), row.number).kept.get(own)
    content = files.content(runtime(), row.number, own, sha256) if sha256 else None
    if content is None:
        text = _("The billing system has no such file of %(number)s. Everything it says stands here.", number=number)
        done(text, title=_("There is no file"), kind="wait")
        return redirect(url_for(".document", number=row.number), 303)
    if own != files.UPO:
        note_opened(row.number, proof.DOWNLOADED)
    name = printing.file_name(row.number if own != files.UPO else f"UPO_{row.number}", ending)
    return _answer(content, name, files.MEDIA_TYPES[own])


def _must_wait(number: str, kind: str) -> bool:
    """Whether a file is on its way from TYTAN; asks the worker for it where nobody has.

    It writes that the file is wanted: once an hour at most, whoever asks however often.
    """
    state = files.known(snapshot(), number)
    if kind in state.kept:
        return False
    if state.should_ask(kind):
        with unit_of_work() as session:
            files.want(session, number)
        return True
    return state.is_on_its_way and not state.is_slow


def _answer(content: bytes, name: str, media_type: str, *, inline: bool = False) -> Response:
    """A file as it is to be kept, and never anything that a browser would run (S43)."""
    answer = Response(content, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'{"inline" if inline else "attachment"}; filename="{name}"'
    if media_type != "application/pdf":
        answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer
