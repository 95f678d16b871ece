"""Every configuration page of every module can be saved as it stands, and from the browser's own form."""

from __future__ import annotations

import re

import pytest

from ebok_core import runtime_settings
from ebok_core.testing.pageforms import as_sent


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_configuration_page_is_saved_as_it_stands(app, runtime, signed_in):
    admin, pages = signed_in("admin"), app.extensions["ebok"].portal.of("ebok_config_pages")
    assert {"core.tytan", "core.contact", "odczyt.rules"} <= {page.key for page in pages}
    for page in pages:
        address = f"/panel/konfiguracja/{page.key}"
        with runtime.database.snapshot() as session:
            before = runtime_settings.get(session, page.schema, runtime.settings.encryption_keys)
        answer = admin.post(address, data=as_sent(admin.get(address).get_data(as_text=True)))
        errors = re.findall(r'eb-err".*?</p>', answer.get_data(as_text=True), re.DOTALL)
        assert answer.status_code == 303, f"{page.key}: {answer.status} {errors}"
        with runtime.database.snapshot() as session:
            assert runtime_settings.get(session, page.schema, runtime.settings.encryption_keys) == before, page.key
