"""What views use. One page: `render(template, title=…, crumbs=…, form=…, **context)`; everything else is listed here.

Reading and writing   `snapshot()`, `unit_of_work()`, `viewer()`, `optional_viewer()`, `acting()`, `runtime()`
Forms                 `FormSchema` and the fields `Text`, `Secret`, `Email`, `WholeNumber`, `PLDecimal`, `Money`,
                      `NearDate`, `Choice`, `Flag`; `load(Schema)` after a POST, `blank(Schema, field=value)` before
After an act          `done("Zapisano …")` then `redirect_to("customer.core.start")` (303)
Lists                 `Table` of `Column`s with `Filter`/`Option`/`DateFilter`, shown by `list_page(TABLE, template,
                      title=…)` and `{{ ui.table(table) }}`; values of cells: `Word`, `Cell`, `Action`, `Link`;
                      `rows_table(caption, columns, rows)` for a short list without paging;
                      `file_response(format, …)` for files: `csv`, `xlsx`
Asking again          `password_field()` in a schema, `proved(form)`, `needs_password()`: before something sensitive
After the answer      `after_answer(work)`: a small write that must not cost the page
Going back            `back_to(TABLE, endpoint)`: the list with its filter and place; `inside(target)`: S31
Modules' parts        `slot(name, **subject)`, `cards()`, `public_blocks()`, `live(hook, **arguments)`, all guarded
Rights of a view      `@needs(PERMISSION)` under the route, `to=("POST",)` for some methods; `@own_act` for what
                      everybody may change for themselves
Limits, machines      `@body_limit(15)` lets a view take uploads of so many MB; `@exempt` one that a gateway signs for;
                      `Tries(session, "x.form")` makes guessing at a public form slow
The utility           `office().contact`, `office().look`, `kept_settings(Schema)`; `forget_office()` after saving;
                      `letterhead()` of a PDF,
                      `pdf_response(name, data)`

Templates extend `ebok_core/web/base.html` (panel: `ebok_core/web/base_admin.html`, both: `frame.base`), fill the block
`main` and compose `ui.…` macros (`templates/ebok_core/web/macros/`); no raw form or table markup, no inline style or
script. Globals: `_ ngettext pgettext money volume number account_number iso in_words instant_in_words instant_iso icon
slot asset_url copy_age`. An unknown name is an error (StrictUndefined): test with `is defined`.
"""

from .acting import Acting, acting
from .addresses import inside
from .assets import asset_url
from .cells import Action, Cell, Column, Link, Word, rows_table
from .context import after_answer, optional_viewer, runtime, snapshot, unit_of_work, viewer
from .documents import letterhead, pdf_response
from .exports import csv_response, file_response, xlsx_response
from .fields import Choice, Email, Flag, Money, NearDate, PLDecimal, Secret, Text, WholeNumber
from .forms import FORM, Form, FormSchema, blank, load
from .frame import Age, Frame, copy_age
from .guard import Failed, guarded, live
from .reauth import asks_factor, needs_password, password_field, proved
from .rendering import done, redirect_to, render
from .security import body_limit, exempt
from .slots import cards, public_blocks, slot
from .tables import BulkAction, DateFilter, Filter, Option, Table, back_to, list_page
from .tries import Tries
from .utility import forget as forget_office
from .utility import kept_settings, office
from .zones import needs, own_act

__all__ = [
    "Acting",
    "Action",
    "Age",
    "BulkAction",
    "Cell",
    "Choice",
    "Column",
    "DateFilter",
    "Email",
    "FORM",
    "Failed",
    "Filter",
    "Flag",
    "Form",
    "FormSchema",
    "Frame",
    "Link",
    "Money",
    "NearDate",
    "Option",
    "PLDecimal",
    "Secret",
    "Table",
    "Text",
    "Tries",
    "WholeNumber",
    "Word",
    "after_answer",
    "asks_factor",
    "acting",
    "asset_url",
    "back_to",
    "blank",
    "body_limit",
    "cards",
    "copy_age",
    "csv_response",
    "done",
    "exempt",
    "file_response",
    "forget_office",
    "guarded",
    "inside",
    "kept_settings",
    "list_page",
    "letterhead",
    "live",
    "load",
    "office",
    "needs",
    "needs_password",
    "optional_viewer",
    "own_act",
    "password_field",
    "proved",
    "pdf_response",
    "public_blocks",
    "redirect_to",
    "render",
    "rows_table",
    "runtime",
    "slot",
    "snapshot",
    "unit_of_work",
    "viewer",
    "xlsx_response",
]
