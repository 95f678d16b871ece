"""The far side that is ourselves: questions of strangers, answered by the worker and never by a page (S11)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ebok_core.contracts.tytan import Capability, Delivery, Envelope, Outcome
from ebok_core.identity.access import joining

from . import recovery, service, tytan

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


class IdentityTarget:
    """Decides registrations and writes mails to new passwords; a second delivery changes nothing (PUT)."""

    key = tytan.WORKER
    capability = Capability.PUT
    largest_run = 1

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Answer one question; what it raises counts as a bug of ours and is tried again."""
        (envelope,) = envelopes
        payload = json.loads(envelope.payload)
        if envelope.kind == tytan.RegistrationCheck.kind:
            service.decide(self._runtime, payload["registration"], payload["revision"])
        elif envelope.kind == joining.CustomerCheck.kind:
            joining.decide(self._runtime, payload["registration"])
        else:
            recovery.decide(self._runtime, envelope.message_id, payload["login"], payload["locale"])
        return Delivery(outcome=Outcome.DELIVERED)

    def lookup(self, message_id: str) -> bool | None:
        """Never asked."""
        return None


def targets(runtime: Runtime) -> list[IdentityTarget]:
    """This runtime's one."""
    return [IdentityTarget(runtime)]
