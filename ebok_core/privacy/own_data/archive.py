"""One's own data as a ZIP: for each source a JSON and a CSV file, and one page that shows it all to a person."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ebok_core import clock, i18n
from ebok_core.files.sheets import CsvText, csv_cell
from ebok_core.notifications import posts

from ..rows import LABELS

MEDIA_TYPE = "application/zip"
SHOWN = 200
"""Rows of a source that the page shows; the files hold all of them."""
_NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?\Z")
_TEMPLATES = Path(__file__).parents[2] / "web" / "templates"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one source gave: None for rows that could not be read."""

    key: str
    title: str
    retention: str
    rows: Sequence[Mapping[str, Any]] | None
    labels: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its files, without an ending."""
        return re.sub(r"[^a-z0-9]+", "-", self.key.lower()).strip("-")

    @property
    def columns(self) -> list[str]:
        """The names in its rows, in the order in which they come."""
        return list(dict.fromkeys(name for row in self.rows or () for name in row))

    def label(self, name: str) -> str:
        """A name in words, where there are words for it."""
        return str(self.labels.get(name) or LABELS.get(name) or name)


def packed(parts: Iterable[Part], *, person: str, office: Any, made_at: datetime) -> bytes:
    """The ZIP. Call it in the person's language; an empty part has its files too, so that nothing looks forgotten."""
    parts, data = list(parts), io.BytesIO()
    stamp = clock.local(made_at).timetuple()[:6]
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:

        def add(name: str, text: str) -> None:
            file.writestr(zipfile.ZipInfo(name, stamp), text.encode(), zipfile.ZIP_DEFLATED)

        add("index.html", _page(parts, person, office, made_at))
        for part in parts:
            if part.rows is not None:
                add(f"{part.name}.json", json.dumps(list(part.rows), ensure_ascii=False, indent=1))
                add(f"{part.name}.csv", _csv(part))
    return data.getvalue()


def _page(parts: Sequence[Part], person: str, office: Any, made_at: datetime) -> str:
    template = posts.environment([_TEMPLATES]).get_template("ebok_core/privacy/own_data_file.html")
    return template.render(
        parts=parts,
        person=person,
        office=office,
        made_at=i18n.instant_in_words(made_at),
        locale=i18n.current_locale(),
        shown=SHOWN,
    )


def _csv(part: Part) -> str:
    page = io.StringIO()
    writer = csv.writer(page, delimiter=";", lineterminator="\r\n")
    writer.writerow([csv_cell(part.label(name)) for name in part.columns])
    for row in part.rows or ():
        writer.writerow([_cell(row.get(name)) for name in part.columns])
    return "\N{BYTE ORDER MARK}" + page.getvalue()


def _cell(value: Any) -> str:
    """A cell; a number in a text needs no guard against formulas and has a comma, as spreadsheets here want it."""
    if isinstance(value, str) and _NUMBER.match(value):
        return csv_cell(CsvText(value.replace(".", ",")))
    return csv_cell(value)
