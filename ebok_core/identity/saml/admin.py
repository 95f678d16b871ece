"""The panel's page "Logowania przez ePUAP" with its keys, check, test and switch (L174)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from ebok_core import clock, runtime_settings
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_in_words, lazy_gettext
from ebok_core.web import (
    FORM,
    Choice,
    Flag,
    Form,
    FormSchema,
    Secret,
    Text,
    WholeNumber,
    blank,
    done,
    load,
    needs_password,
    password_field,
    proved,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from . import checks, extra, keys, office, rules, service, settings, words
from .settings import EpuapConfigSchema
from .views import hub

blueprint = Blueprint("saml", __name__)

MENU = checks.KEY
ROOT = "/konfiguracja/core.epuap"
BASE = "ebok_core/identity/saml/admin"
PARTS = {"podpis": checks.SIG, "szyfrowanie": checks.ENC}
MOST_FILE = 64 * 1024


def _control(field: Any) -> Any:
    """The form's field for one of the settings."""
    told = {"metadata": dict(field.metadata)}
    one_of = next((rule for rule in field.validators if isinstance(rule, validate.OneOf)), None)
    if isinstance(field, fields.Boolean):
        return Flag(**told)
    if isinstance(field, fields.Integer):
        limits = next(rule for rule in field.validators if isinstance(rule, validate.Range))
        return WholeNumber(least=limits.min, most=limits.max, required=True, **told)
    if one_of is not None:
        told["metadata"]["asked"] = True
        return Choice(list(zip(one_of.choices, one_of.labels, strict=True)), load_default="", **told)
    length = next(rule for rule in field.validators if isinstance(rule, validate.Length))
    told["metadata"]["asked"] = True
    return Text(max=length.max, multiline=bool(field.metadata.get("multiline")), load_default="", **told)


_FIELDS = EpuapConfigSchema().fields
ConfigFormSchema: Any = FormSchema.from_dict(
    {
        **{name: _control(field) for name, field in _FIELDS.items()},
        "version": WholeNumber(load_default=0),
        "password": password_field(),
    }
)


class KeySchema(FormSchema):
    """A key with its certificate; the files themselves come beside the form."""

    key_file = Text(
        metadata={
            "label": lazy_gettext("File with the private key"),
            "hint": lazy_gettext("PEM, or PKCS#12 (.p12, .pfx) with the certificate inside"),
        }
    )
    certificate_file = Text(
        metadata={
            "label": lazy_gettext("File with the certificate"),
            "hint": lazy_gettext("PEM or DER; not needed with PKCS#12"),
        }
    )
    file_password = Secret(
        max=200,
        metadata={"label": lazy_gettext("Password of the file"), "autocomplete": "off"},
    )
    password = password_field()


class CertificateSchema(FormSchema):
    """A certificate of the hub to trust."""

    certificate_file = Text(
        metadata={
            "label": lazy_gettext("File with a certificate of the hub"),
            "hint": lazy_gettext("PEM or DER, from COI. The former one may stay until it is over"),
        }
    )
    password = password_field()


class RemoveSchema(FormSchema):
    """A certificate of the hub to trust no longer."""

    fingerprint = Text(required=True, max=100)
    password = password_field()


class SwitchSchema(FormSchema):
    """Switching on and off asks once more."""

    password = password_field()


# The page


@blueprint.route(ROOT, methods=["GET", "POST"])
def config() -> ResponseReturnValue:
    """The settings of the exchange, and what stands where: keys, check, test, switch."""
    if request.method == "POST":
        form = load(ConfigFormSchema)
        if form.ok and proved(form) and _save(form):
            return redirect_to(".config")
        return _show(form)
    return _show(_stored())


def _stored() -> Form:
    """The form as it is first shown."""
    saved = runtime_settings.saved_at(snapshot(), EpuapConfigSchema)
    stored = runtime_settings.get(snapshot(), EpuapConfigSchema)
    values = {name: value for name in _FIELDS if (value := getattr(stored, name)) is not False}
    return blank(ConfigFormSchema, version=saved[1] if saved else 0, **values)


def _save(form: Form) -> bool:
    """Store the page; False when somebody else saved it meanwhile, with the reason in the form."""
    values = {name: form.data[name] for name in _FIELDS}
    try:
        with unit_of_work() as unit:
            changed, is_off = office.save_config(
                unit, runtime(), viewer(), settings.EpuapConfig(**values), form.data["version"]
            )
    except Refused as refused:
        form.fail(FORM, str(refused))
        return False
    _said(changed, is_off)
    return True


def _said(changed: bool, is_off: bool) -> None:
    if is_off:
        done(
            _("This is another exchange now, so sign-in is off until you test it again."),
            title=_("The settings are saved."),
            kind="wait",
        )
    else:
        done(_("The settings are saved.") if changed else _("Nothing was changed."))


def _show(form: Form, *, found: list[str] | None = None, status: int = 200) -> ResponseReturnValue:
    setup, now = settings.setup(snapshot(), runtime().settings), clock.now_utc()
    return render(
        f"{BASE}/config.html",
        title=checks.TITLE,
        menu=MENU,
        status=status,
        form=form,
        names=list(_FIELDS),
        asks=needs_password(),
        setup=setup,
        missing=checks.package_missing() if extra.missing() else None,
        found=found,
        warnings=checks.warnings(setup.keys, now),
        certificates=[(str(checks.USES[c.use]), c) for c in checks.certificates(setup.keys, now)],
        parts=[(part, str(checks.USES[use])) for part, use in PARTS.items()],
        has_hub=bool(setup.keys.idp_certs),
        tested=_tested_at(setup),
        day=_day,
    )


def _tested_at(setup: settings.Setup) -> str | None:
    """When this very exchange was tested, in words."""
    return instant_in_words(datetime.fromisoformat(setup.state.tested_at)) if setup.is_tested else None


@blueprint.post(f"{ROOT}/sprawdz")
def check() -> ResponseReturnValue:
    """Check without the hub what can be checked (§2.13)."""
    try:
        setup = checks.opened(snapshot(), runtime().settings)
    except Refused as refused:
        found = [str(refused)]
    else:
        found = checks.complaints(setup, clock.now_utc())
    return _show(_stored(), found=found)


# Keys and certificates


@blueprint.route(f"{ROOT}/klucz/<part>", methods=["GET", "POST"])
def key(part: str) -> ResponseReturnValue:
    """Upload one of our keys; the private part is never shown again."""
    if part not in PARTS:
        abort(404)
    use, form = PARTS[part], load(KeySchema) if request.method == "POST" else blank(KeySchema)
    if form.ok and proved(form):
        try:
            found = keys.pair(_file("key_file"), _file("certificate_file"), form.data.get("file_password", ""))
            with unit_of_work() as unit:
                is_off = office.keep_pair(unit, runtime(), viewer(), use, found)
        except Refused as refused:
            form.fail({"certificate": "certificate_file"}.get(refused.code, "key_file"), str(refused))
        else:
            _said(True, is_off)
            return redirect_to(".config")
    now, label = clock.now_utc(), str(checks.USES[use])
    stored = checks.certificates(checks.stored_keys(snapshot()), now)
    return render(
        f"{BASE}/key.html",
        title=label,
        menu=MENU,
        crumbs=[(checks.TITLE, ".config")],
        form=form,
        asks=needs_password(),
        shown=next((c.shown for c in stored if c.use == use), None),
        day=_day,
    )


@blueprint.route(f"{ROOT}/certyfikaty", methods=["GET", "POST"])
def certificates() -> ResponseReturnValue:
    """The hub's certificates: a list, so that a renewal needs no downtime (§2.3)."""
    form = load(CertificateSchema) if request.method == "POST" else blank(CertificateSchema)
    if form.ok and proved(form):
        with form.refusals("certificate_file"), unit_of_work() as unit:
            new = office.trust(unit, runtime(), viewer(), _file("certificate_file"))
        if form.ok:
            _said(bool(new), False)
            return redirect_to(".certificates")
    return render(
        f"{BASE}/certificates.html",
        title=_("Certificates of the hub"),
        menu=MENU,
        crumbs=[(checks.TITLE, ".config")],
        form=form,
        asks=needs_password(),
        stored=_of_hub(),
        day=_day,
    )


@blueprint.route(f"{ROOT}/certyfikaty/usun", methods=["GET", "POST"])
def remove_certificate() -> ResponseReturnValue:
    """Trust a certificate of the hub no longer."""
    form = load(RemoveSchema) if request.method == "POST" else blank(RemoveSchema)
    wanted = request.values.get("fingerprint") or request.args.get("odcisk", "")
    shown = next((shown for shown in _of_hub() if shown.fingerprint == wanted), None)
    if shown is None:
        return redirect_to(".certificates")
    if form.ok and proved(form):
        with unit_of_work() as unit:
            office.distrust(unit, runtime(), viewer(), shown.fingerprint)
        done(_("The certificate is removed."))
        return redirect_to(".certificates")
    return render(
        f"{BASE}/remove.html",
        title=_("Remove a certificate"),
        menu=MENU,
        crumbs=[(checks.TITLE, ".config"), (_("Certificates of the hub"), ".certificates")],
        form=form,
        shown=shown,
        asks=needs_password(),
        day=_day,
    )


def _of_hub() -> list[keys.Described]:
    stored = checks.certificates(checks.stored_keys(snapshot()), clock.now_utc())
    return [c.shown for c in stored if c.use == checks.IDP]


def _day(moment: datetime) -> date:
    return clock.local(moment).date()


def _file(name: str) -> bytes:
    """The content of an uploaded file, empty where there is none. Raises `Refused` for one that is no key's size."""
    sent = request.files.get(name)
    content = sent.read(MOST_FILE + 1) if sent else b""
    if len(content) > MOST_FILE:
        raise Refused(_("This file is too big to be a key or a certificate"), code="key")
    if not content and name != "certificate_file":
        raise Refused(_("Choose the file"), code="key")
    return content


# Test and switch


@blueprint.post(f"{ROOT}/test")
def test() -> ResponseReturnValue:
    """Go to the hub and back for a test: nobody is signed in (§2.13)."""
    try:
        found = checks.complaints(checks.opened(snapshot(), runtime().settings), clock.now_utc())
    except Refused as refused:
        found = [str(refused)]
    if found:
        return check()
    return hub.leave_for_hub(rules.TEST, viewer().account_id, viewer().session_id)


@blueprint.get(f"{ROOT}/wynik")
def tested() -> ResponseReturnValue:
    """What came of the test: the person's data masked, or the reason in words."""
    try:
        with unit_of_work() as unit:
            taken = service.tested(
                runtime(), unit, request.args.get("k", "")[:100], request.cookies.get(hub.COOKIE, ""), viewer()
            )
            if taken.failure is None:
                office.note_test(unit, runtime(), viewer())
    except NotFound:
        done(str(words.OVER.text), title=str(words.OVER.title), kind="wait")
        return redirect_to(".config")
    said = words.FAILED[taken.failure] if taken.failure else None
    return render(
        f"{BASE}/tested.html",
        title=_("Result of the test"),
        menu=MENU,
        crumbs=[(checks.TITLE, ".config")],
        said=said,
        person=taken.person,
        shown=taken.shown,
    )


@blueprint.route(f"{ROOT}/przelacznik", methods=["GET", "POST"])
def switch() -> ResponseReturnValue:
    """Switch sign-in on, after a successful test, or off."""
    state = settings.state_of(snapshot())
    form = load(SwitchSchema) if request.method == "POST" else blank(SwitchSchema)
    if form.ok and proved(form):
        with form.refusals(), unit_of_work() as unit:
            office.switch(unit, runtime(), viewer(), on=not state.is_on)
        if form.ok:
            done(_("Sign-in through ePUAP is off.") if state.is_on else _("Sign-in through ePUAP is on."))
            return redirect_to(".config")
    return render(
        f"{BASE}/switch.html",
        title=_("Switch off") if state.is_on else _("Switch on"),
        menu=MENU,
        crumbs=[(checks.TITLE, ".config")],
        form=form,
        is_on=state.is_on,
        asks=needs_password(),
    )
