"""The limit's template, made of the portal's own page: the two sides of W1 answer with the same words.

Everything outside the rows stays as the portal printed it; its texts become look-ups of the catalogue, the rows, the
choices of the filter, the counts, the form token and the person become what the limit itself has read.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping

ROWS = re.compile(r'(<tbody role="rowgroup">).*?(</tbody>)', re.DOTALL)
CHOICES = re.compile(r'(<select [^>]*name="punkt">\s*<option value=""[^>]*>[^<]*</option>).*?(\s*</select>)', re.DOTALL)
TOKENS = re.compile(r'(name="csrf_token" value="|"X-CSRFToken":")[^"]*')
COUNTED = re.compile(r"(\?stan=(\w+)\"[^>]*>[^<(]*\()\d+(\))")
_TAG = re.compile(r"(<[^>]+>)")
_SILENT = ("<script", "<style", "<svg")
# Each text is looked up once, not once a row.
LABELS = (
    '{% set label_point = _("Point") %}'
    '{% set label_status = _("Meter status") %}'
    '{% set label_installed = _("Date of installation") %}'
    '{% set label_removed = _("Date of removal") %}'
    '{% set label_read = _("Date of the last reading") %}'
    '{% set label_state = _("State [m³]") %}'
)
ROW = """
<tr role="row"><th role="rowheader" scope="row"><a href="/liczniki/{{ row[0] }}">{{ row[1] }}</a>\
<small>{{ roles[row[4]] }}</small></th>\
<td role="cell" data-label="{{ label_point }}"><span><a href="/punkty/{{ row[2] }}">{{ row[2] }}</a>\
<small>{{ row[3] }}</small></span></td>\
<td role="cell" data-label="{{ label_status }}"><span><span class="eb-word eb-word--{{ "ok" if row[5] }}">\
<svg class="eb-icon" aria-hidden="true"><use href="#i-{{ "circle-check" if row[5] else "minus" }}"/></svg>\
{{ row[6] }}</span></span></td>\
<td role="cell" class="eb-date" data-label="{{ label_installed }}"><span>{{ row[7] }}</span></td>\
<td role="cell" class="eb-date" data-label="{{ label_removed }}"><span>{{ row[8] or none_ }}</span></td>\
<td role="cell" class="eb-date" data-label="{{ label_read }}">\
<span>{{ row[9] or none_ }}</span></td>\
<td role="cell" class="eb-num" data-label="{{ label_state }}">\
<span>{{ none_ if row[10] is none else volume(row[10]) }}</span></td></tr>"""


def template_of(page: str, code: str, name: str, messages: Mapping[str, str]) -> str:
    """The template of a customer's list of meters; `messages` are the catalogue's texts by what they read in Polish."""
    page = ROWS.sub(lambda m: f"{LABELS}{m[1]}{{% for row in rows %}}{ROW}{{% endfor %}}{m[2]}", page, count=1)
    choice = '{% for code, name in points %}<option value="{{ code }}">{{ code }}, {{ name }}</option>{% endfor %}'
    page, found = CHOICES.subn(lambda m: f"{m[1]}{choice}{m[2]}", page, count=1)
    assert found, "the list of meters has no filter by point"
    page = TOKENS.sub(lambda m: f"{m[1]}{{{{ csrf_token() }}}}", page)
    page = COUNTED.sub(lambda m: f'{m[1]}{{{{ counts["{m[2]}"] }}}}{m[3]}', page)
    page = page.replace(str(html.escape(name)), "{{ person.name }}").replace(f"({code})", "({{ person.code }})")
    return _with_texts(page, messages)


def words_of(page: str) -> list[str]:
    """What a page says, word by word: without markup, drawings and what is made anew each time."""
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(_TAG.sub(" ", page)).split()


def _with_texts(page: str, messages: Mapping[str, str]) -> str:
    """The template with a look-up for every text that the catalogue has."""
    parts, silent = _TAG.split(page), 0
    for index, part in enumerate(parts):
        if index % 2:
            silent += part.startswith(_SILENT) and not part.endswith("/>")
            silent -= part.startswith(tuple(tag.replace("<", "</") for tag in _SILENT))
        elif not silent and (message := messages.get(html.unescape(part.strip()))):
            parts[index] = part.replace(part.strip(), f"{{{{ _({json.dumps(message)}) }}}}")
    return "".join(parts)
