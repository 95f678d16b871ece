"""Receipts: the link of a notice, the button that confirms, and the note that a document was opened (L108, N04)."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core import Viewer, audit
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.web import (
    after_answer,
    done,
    load,
    needs,
    optional_viewer,
    redirect_to,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from ..permissions import CONFIRM
from ..schemas import ConfirmSchema
from ..service import proof
from .blueprint import blueprint

public = Blueprint("faktura", "ebok_faktura", url_prefix="/faktury")
LONGEST_ID = 36


@public.get("/list/<notice_id>")
def letter(notice_id: str) -> ResponseReturnValue:
    """The link of a notice. It opens nothing: who is signed in goes to the document, everybody else to sign in.

    A fetch by nobody (a mail scanner, a preview) is noted as a machine's and counts for nothing. Every id is answered
    alike, so that nobody learns which ones exist.
    """
    person = optional_viewer()
    if len(notice_id) > LONGEST_ID or not notice_id.isascii():
        raise NotFound(_("There is no such page."))
    if person is None:
        # The row is written after the answer: it must neither cost it nor tell by its time what exists.
        came = audit.current_request()
        after_answer(partial(_note_machine, notice_id, came))
        return redirect(url_for("public.identity.sign_in", dalej=url_for(".letter", notice_id=notice_id)))
    number = proof.document_of(snapshot(), person, notice_id)
    if number is None:
        return redirect(url_for("customer.faktura.index") if person.kind == "customer" else url_for("admin.core.home"))
    return redirect(url_for("customer.faktura.document", number=number))


@blueprint.post("/odbior/<path:number>")
@needs(CONFIRM)
def confirm(number: str) -> ResponseReturnValue:
    """Confirm the receipt of a document; a second click confirms nothing twice."""
    load(ConfirmSchema)
    with unit_of_work() as session:
        proof.confirm(session, viewer(), number)
    done(_("Thank you. The receipt of %(number)s is confirmed.", number=number))
    return redirect_to(".document", number=number)


def note_opened(number: str, how: str = proof.OPENED) -> None:
    """Note, after the answer, that the viewer opened or fetched a document; once, and only a person's own GET.

    HEAD and what a browser fetches ahead of a click are no opening, nor is what an observer looks at.
    """
    purpose = request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    is_ahead = "prefetch" in purpose.lower() or "preview" in purpose.lower()
    if request.method != "GET" or is_ahead or not viewer().may(CONFIRM):
        return
    after_answer(partial(_record, viewer(), number, how, audit.current_request()))


def _record(person: Viewer, number: str, how: str, came: audit.RequestMeta) -> None:
    with audit.use_request(came):
        proof.record_opened(runtime(), person, number, how)


def _note_machine(notice_id: str, came: audit.RequestMeta) -> None:
    with audit.use_request(came):
        proof.note_machine(runtime(), notice_id)
