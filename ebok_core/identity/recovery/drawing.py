"""The letter with a code as a tagged PDF: to whom, the code, three steps, whom to call."""

from __future__ import annotations

from datetime import date

from ebok_core import clock, pdf
from ebok_core.i18n import dotted
from ebok_core.i18n import gettext as _

from .codes import Printed


def letter_pdf(letter: Printed, *, address: str, letterhead: pdf.Letterhead, on: date) -> bytes:
    """The document; `address` is the portal's, where the code is typed. It holds no password and no amount."""
    until = clock.local(letter.until).date()
    lines = "\n".join((letter.addressee.name, *letter.addressee.lines))
    body: tuple[pdf.Block, ...] = (
        pdf.Title(_("Your code for a new password"), lead=dotted(on)),
        pdf.Paragraph(pdf.Run(lines, bold=True)),
        pdf.Key(_("Code from the letter"), letter.code, note=_("Works once, until %(day)s", day=dotted(until))),
        pdf.Heading(_("What to do now")),
        pdf.Bullets(
            (
                (_("Open the page "), pdf.Run(address, link=address), "."),
                _(
                    "Type the customer code %(code)s, or your login %(login)s.",
                    code=letter.addressee.customer_code,
                    login=letter.login,
                ),
                _("Type the code from this letter and set your own password."),
            )
        ),
        pdf.Notice(
            _("After five wrong tries the code stops working. Nobody from our office will ever ask you for it."),
            title=_("Keep the code to yourself"),
            kind="wait",
        ),
        pdf.Paragraph(_("You did not ask for this letter? Call us, and throw it away.")),
    )
    title = _("Code for a new password – %(utility)s", utility=letterhead.name)
    return pdf.render(pdf.Document(title=title, letterhead=letterhead, body=body))
