"""*Sprawdź dokument*: anybody learns whether a document is ours, unchanged and paid; no personal datum (N09)."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.web import FORM, Form, Tries, blank, body_limit, load, render, runtime, unit_of_work

from .. import schemas
from ..rules import codes
from ..service import checking
from .receipts import public

FILE = "plik"


@public.route("/sprawdz", methods=["GET", "POST"])
@body_limit(checking.LARGEST_MB + 1)
def check() -> ResponseReturnValue:
    """The form with a file or a code, and the answer under the same address."""
    if request.method == "GET":
        form = blank(schemas.CheckSchema, numer=request.args.get("numer", "")[:40] or None)
        return _page(form)
    form = load(schemas.CheckSchema)
    content = _uploaded(form)
    number, code = form.data.get("numer"), form.data.get("kod")
    if form.ok and content is None:
        for name, given in (("numer", number), ("kod", code)):
            if not given:
                form.fail(name, _("Fill in this field, or choose the file instead"))
    if not form.ok:
        return _page(form)
    try:
        with unit_of_work() as session:
            tries = Tries(session, "faktura.check")
            tries.count()
            if content is not None:
                found = checking.by_file(session, content)
            else:
                found = checking.by_code(session, str(number), str(code))
            if found is not None:
                tries.was_right()
    except Refused as refused:
        form.fail(FORM, str(refused))
        return _page(form)
    return _page(form, answered=True, found=found, by_file=content is not None)


def _uploaded(form: Form) -> bytes | None:
    """The bytes of the chosen file, None without one; what can be no document of ours is an error at the field."""
    sent = request.files.get(FILE)
    if sent is None or not sent.filename:
        return None
    with sent.stream as stream:  # a big file waits on the disk until it is closed
        content = stream.read(checking.LARGEST_MB * 1024 * 1024 + 1)
    if not content:
        form.fail(FILE, _("This file is empty. Choose the PDF that you got from us"))
    elif len(content) > checking.LARGEST_MB * 1024 * 1024:
        form.fail(FILE, _("This file is larger than %(size)s MB, our documents are smaller", size=checking.LARGEST_MB))
    elif not content.startswith(checking.PDF_SIGN):
        form.fail(FILE, _("This is not a PDF. Choose the file as you got it from us, not a photo or a scan of it"))
    return content


def _page(
    form: Form, *, answered: bool = False, found: checking.Verdict | None = None, by_file: bool = False
) -> ResponseReturnValue:
    return render(
        "ebok_faktura/check.html",
        title=_("Check a document"),
        menu="faktura.check",
        form=form,
        answered=answered,
        found=found,
        by_file=by_file,
        kind=schemas.kind_name(found.kind) if found else "",
        ksef=_ksef_link(found) if found else "",
    )


def _ksef_link(found: checking.Verdict) -> str:
    """Where KSeF itself answers for the document, which is there or will be."""
    settings = runtime()
    own = settings.module_settings["ebok_faktura"].ksef_environment
    code = codes.verification_code(
        environment="test" if settings.settings.demo else own,
        mode=found.ksef_mode or "",
        number=found.ksef_number or "",
        seller_nip=found.seller_nip,
        issued_on=found.issued_on,
        sha256=found.xml_sha256 or "",
    )
    return code.payload if code else ""
