"""What two people wrote to the invented utility: a complaint that is answered, a question that waits."""

from __future__ import annotations

import sqlalchemy as sa

from ebok_core.contact import cases, directory
from ebok_core.contact.models import Case
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.identity import accounts
from ebok_core.runtime import Runtime

COMPLAINT = (
    "Dzień dobry,\n\nna ostatnim rachunku odliczono z ogrodu tylko 2 m³. Podlewaliśmy całe lato, "
    "więc powinno być więcej. Proszę o sprawdzenie."
)
ANSWER = "Dzień dobry,\n\nsprawdziliśmy: brakującą ilość odliczymy na następnym rachunku. Przepraszamy za kłopot."
QUESTION = "Dzień dobry, kupiliśmy działkę przy ul. Nad Strugą. Jakie dokumenty są potrzebne do przyłączenia wody?"
STRANGER = cases.Sender("Tomasz Olcha", "tomasz.olcha@wodociagi-struga.example", "61 000 00 45")


def write(runtime: Runtime) -> None:
    """Write the cases, once."""
    with runtime.database.unit_of_work() as session:
        if session.execute(sa.select(Case.id).limit(1)).first() is not None:
            return
        topics = {topic.kind: topic for topic in directory.topics(session)}
        maria = accounts.find(session, "1-01001", "customer")
        clerk = accounts.find(session, "bok", "staff")
        if maria is None or clerk is None:
            return
        customer = Viewer(
            account_id=maria.id,
            kind="customer",
            login="1-01001",
            display_name="Maria Zielińska",
            permissions=frozenset(),
            customer_code="1-01001",
            email="maria.zielinska@wodociagi-struga.example",
        )
        office = Viewer(
            account_id=clerk.id,
            kind="staff",
            login="bok",
            display_name="Ewa Lis",
            permissions=frozenset({"core.cases", "core.cases_answer"}),
        )
        sender = cases.Sender(customer.display_name, customer.email)
        complaint = cases.receive(
            session, customer, topic=topics["complaint"], chosen="", text=COMPLAINT, sender=sender, token=uuid7()
        )
        cases.answer(session, office, cases.by_signature(session, complaint), ANSWER, uuid7())
        cases.receive(session, None, topic=topics["office"], chosen="", text=QUESTION, sender=STRANGER, token=uuid7())
