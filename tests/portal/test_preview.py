"""A member of staff's preview over every page that the customer finds: marked, without a trace, without an effect."""

from __future__ import annotations

import pytest

from ebok_core.contracts.web import Zone

from .test_access import fingerprint

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

CODE = "1-01001"


@pytest.fixture
def preview(signed_in):
    clerk = signed_in("clerk")
    answer = clerk.submit(f"/panel/klienci/{CODE}/podglad", {"reason": "Klient dzwoni"})
    assert answer.status_code == 303
    return clerk


def own_pages(portal):
    mounts = portal.of("ebok_blueprints")
    return {f"customer.{m.blueprint.name}." for m in mounts if m.zone is Zone.CUSTOMER and m.own_account}


@pytest.mark.feature("L154", "P78")
def test_every_page_of_the_customer_is_seen_marked_and_leaves_nothing_behind(explored, preview, filled_copy, app):
    site = explored("A")
    private = tuple(own_pages(app.extensions["ebok"].portal))
    assert private
    before = fingerprint(filled_copy.database)
    seen = closed = 0
    for endpoint, address in {**site.pages, **site.files}.items():
        answer = preview.get(address)
        if endpoint.startswith(private):
            assert answer.status_code == 403, f"{endpoint}: {answer.status}"
            closed += 1
            continue
        assert answer.status_code in (200, 302, 303), f"{endpoint} ({address}): {answer.status}"
        if answer.status_code == 200 and endpoint in site.pages:
            assert "Podgląd: tak widzi portal klient 1-01001." in answer.get_data(as_text=True), endpoint
            seen += 1
    assert seen >= 15 and closed >= 3
    assert fingerprint(filled_copy.database) == before, "a look changed something"


def test_a_clerk_s_look_is_no_proof_of_receipt(explored, preview, filled_copy):
    """e-Faktura's proof of receipt counts the customer's own reading and nobody else's (billing.md §9.5)."""
    import sqlalchemy as sa

    site = explored("A")
    documents = {name: at for name, at in {**site.pages, **site.files}.items() if "faktura" in name}
    assert documents

    def proofs():
        with filled_copy.database.snapshot() as session:
            return session.execute(sa.text("SELECT count(*) FROM faktura_proof")).scalar()

    before = proofs()
    assert before, "A's own reading counts"
    for address in documents.values():
        preview.get(address)
    assert proofs() == before
