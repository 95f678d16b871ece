"""What turns a template into a mail: the declared templates, Jinja without Flask, the utility's name and address."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import css_inline
import jinja2
from sqlalchemy.orm import Session

from ebok_core import i18n, runtime_settings
from ebok_core.contracts.notifications import NotificationTemplate

from . import rules

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

OFFICE_PAGE = "core.contact"
FORMATS = ("money", "volume", "number", "iso", "dotted", "in_words", "instant_in_words")

_KEY = "ebok.notifications.post"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A rendered mail: one line, a text, HTML with its styles inlined, and the office's address where it has one."""

    subject: str
    text: str
    html: str
    reply_to: str | None


@dataclass(frozen=True, kw_only=True)
class Post:
    """A portal's notifications: what may be sent and how it is written."""

    templates: Mapping[str, NotificationTemplate]
    environment: jinja2.Environment
    public_url: str
    office_schema: Any

    def render(
        self, session: Session, template: NotificationTemplate, context: Mapping[str, Any], *, number: str
    ) -> Letter:
        """Fill the three templates in the current language. Raises `UndefinedError` for a name that nobody gave."""
        office = self.office(session)
        values = {**context, "office": office, "portal_url": self.public_url, "mail_number": number}
        values |= {"locale": i18n.current_locale(), "link": self._link}
        subject = rules.one_line(self._fill(f"{template.base}_subject.txt", values))
        values["subject"] = subject
        html = _INLINER.inline(self._fill(f"{template.base}.html", values))
        text = _EMPTY_LINES.sub("\n\n", self._fill(f"{template.base}.txt", values)).strip() + "\n"
        reply_to = getattr(office, "email", "")
        return Letter(subject=subject, text=text, html=html, reply_to=reply_to if rules.is_address(reply_to) else None)

    def text_message(self, session: Session, template: NotificationTemplate, context: Mapping[str, Any]) -> str:
        """Fill `<base>_sms.txt` in the current language, as one plain line. Raises `UndefinedError`."""
        values = {**context, "office": self.office(session), "portal_url": self.public_url, "link": self._link}
        return rules.as_sms(self._fill(f"{template.base}_sms.txt", values))

    def office(self, session: Session) -> Any:
        """The settings "Dane kontaktowe", or None where nobody declares that page."""
        return runtime_settings.get(session, self.office_schema) if self.office_schema else None

    def _link(self, path: str) -> str:
        """An absolute address in the portal: from the setting, never from a request."""
        if not path.startswith("/"):
            raise ValueError("a link in a mail leads into the portal: its path begins with a slash")
        return f"{self.public_url}{path}"

    def _fill(self, name: str, values: Mapping[str, Any]) -> str:
        return self.environment.get_template(name).render(values)


def for_sessions(runtime: Runtime) -> dict[str, Post]:
    """What the sessions of this runtime's database carry so that `notify` can write mails in them."""
    pages = {page.key: page.schema for page in runtime.portal.of("ebok_config_pages")}
    post = Post(
        templates={template.key: template for template in runtime.portal.of("ebok_notification_templates")},
        environment=environment(template_folders(runtime)),
        public_url=runtime.settings.public_url.rstrip("/"),
        office_schema=pages.get(OFFICE_PAGE),
    )
    return {_KEY: post}


def of(session: Session) -> Post:
    """The post of the portal that this session belongs to."""
    return cast(Post, session.info[_KEY])


def template_folders(runtime: Runtime) -> list[Path]:
    """Where mail templates live: the core's in `web/templates`, a module's in `<package>/templates`."""
    folders = [Path(__file__).parents[1] / "web" / "templates"]
    for declaration in runtime.portal.declarations:
        plugin = declaration.installed.plugin
        source = inspect.getsourcefile(plugin) if inspect.ismodule(plugin) else None
        if source:
            folders.append(Path(source).parent / "templates")
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def environment(folders: list[Path]) -> jinja2.Environment:
    """Jinja for mails: HTML escaped by the file's ending, unknown names refused, texts through the catalogues."""
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(folder) for folder in folders]),
        autoescape=jinja2.select_autoescape(["html"], default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The same names as on pages: texts as functions, formats as functions and as filters.
    texts = {"_": i18n.gettext, "gettext": i18n.gettext, "ngettext": i18n.ngettext, "pgettext": i18n.pgettext}
    formats = {name: getattr(i18n, name) for name in FORMATS}
    made.globals.update(texts | formats)
    made.filters.update(formats)
    return made


# Blocks that a child leaves empty would leave gaps in the text.
_EMPTY_LINES = re.compile(r"\n\s*\n(\s*\n)*")
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
