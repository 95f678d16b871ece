"""Retention, restore, numbers for the panel, invariants."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core import outbox
from ebok_core.contracts.tytan import Capability
from ebok_core.outbox import claims, invariants, rules, upkeep, watch


@pytest.fixture(autouse=True)
def still(clock):
    return clock


class TestRetention:
    def test_the_payload_of_a_closed_message_goes_after_ninety_days(self, hands, make, inbox, still):
        closed, late = hands.accept(make.fact(1, "c:1", actor_ref="person-1"), make.fact(1, "c:2"))
        hands.drain()
        still.advance(rules.KEEP_PAYLOAD - timedelta(hours=1))
        assert upkeep.retain(hands.runtime)["messages"] == 0
        still.advance(hours=2)
        assert upkeep.retain(hands.runtime) == {"messages": 2, "attempts": 2, "submissions": 0}
        row = hands.row(closed)
        assert (row.payload, row.actor_ref, row.reason) == (None, None, None)
        assert (row.state, row.payload_sha256 != "", row.seq) == ("delivered", True, 1)

    def test_an_open_message_keeps_its_payload_for_ever(self, hands, make, inbox, still):
        inbox.faults = ["permanent"]
        (dead,) = hands.accept(make.fact(1))
        hands.drain()
        still.advance(days=3000)
        upkeep.retain(hands.runtime)
        assert hands.row(dead).payload is not None

    def test_payments_are_kept_for_five_years(self, hands, make, inbox, still):
        (message_id,) = hands.accept(make.fact(1))
        hands.drain()
        hands.sql("UPDATE core_outbox_message SET kind='payment.received' WHERE id=:i", i=message_id)
        still.advance(days=4 * 365)
        assert upkeep.retain(hands.runtime)["messages"] == 0
        still.advance(days=2 * 365)
        assert upkeep.retain(hands.runtime)["messages"] == 1

    def test_it_works_in_batches(self, hands, make, inbox, still, monkeypatch):
        monkeypatch.setattr(rules, "RETENTION_BATCH", 3)
        hands.accept(*(make.fact(n) for n in range(8)))
        hands.drain()
        still.advance(days=100)
        assert upkeep.retain(hands.runtime)["messages"] == 8

    def test_old_form_tokens_go(self, hands, make, still):
        with hands.database.unit_of_work() as session:
            outbox.once(session, "person-1", "token-1")
        still.advance(days=91)
        assert upkeep.retain(hands.runtime)["submissions"] == 1


class TestRestore:
    """R50: what was open in the backup may have been delivered since."""

    @pytest.fixture
    def restored(self, hands, make):
        ids = {
            "tytan": hands.accept(make.fact(1))[0],
            "asked": hands.accept(make.fact(1, "p:1", make.Asked))[0],
            "blind": hands.accept(make.fact(1, "x:1", make.Blind))[0],
            "mail": hands.accept(make.fact(1, "m:1", type("Post", (make.Asked,), {"target": "mail"})))[0],
        }
        with hands.database.unit_of_work() as session:
            before, _ = upkeep.epoch(session)
            assert upkeep.after_restore(session, hands.runtime.targets) == before + 1
        return ids

    def test_R50_each_far_side_gets_what_its_memory_allows(self, hands, restored):
        states = {target: hands.states(message_id)[0] for target, message_id in restored.items()}
        assert states == {"tytan": "pending", "asked": "uncertain", "blind": "uncertain", "mail": "cancelled"}
        assert hands.row(restored["mail"]).reason_code == "before_restore"

    def test_R50_who_can_be_asked_is_asked_at_once(self, hands, restored, far):
        far.asked.answers = [True]
        hands.drain("asked")
        assert far.asked.asked == [restored["asked"]]
        assert hands.states(restored["asked"]) == ["delivered"]

    def test_R50_nothing_is_doubled_where_the_backup_was_older(self, hands, make, inbox, still):
        (message_id,) = hands.accept(make.fact(1))
        hands.drain()
        # The backup knows the message as waiting.
        hands.sql("UPDATE core_outbox_message SET state='pending', open=true, delivered_at=NULL")
        with hands.database.unit_of_work() as session:
            upkeep.after_restore(session, hands.runtime.targets)
        hands.drain()
        assert inbox.ids() == [message_id]


class TestNumbers:
    def test_the_backlog_counts_what_is_open(self, hands, make, inbox, far, still):
        inbox.faults = ["permanent"]
        hands.accept(make.fact(1))
        hands.drain()
        accepted = still.now_utc()
        hands.accept(make.fact(2), make.fact(1, "c:2"), make.fact(1, "p:1", make.Asked))
        with hands.database.snapshot() as session:
            rows = {row.target: row for row in outbox.backlog(session, hands.runtime.targets)}
        assert (rows["tytan"].waiting, rows["tytan"].dead, rows["tytan"].oldest_at) == (2, 1, accepted)
        assert rows["asked"].waiting == 1
        assert (rows["blind"].waiting, rows["blind"].oldest_at) == (0, None)

    def test_alarms_wait_longer_while_the_target_is_known_to_be_down(self, hands, make, inbox, still):
        hands.accept(*(make.fact(1, f"c:{n}") for n in range(6)))

        def alarms() -> list[str]:
            with hands.database.snapshot() as session:
                return watch.alarms(outbox.backlog(session), still.now_utc())

        assert alarms() == []
        still.advance(minutes=16)
        assert len(alarms()) == 1
        inbox.always = "refuse"
        hands.drain()
        assert alarms() == []
        still.advance(hours=4)
        assert len(alarms()) == 1

    def test_stuck_messages_are_listed_without_their_payload(self, hands, make, inbox, still):
        inbox.faults = ["permanent"]
        (message_id,) = hands.accept(make.fact(1))
        hands.drain()
        with hands.database.snapshot() as session:
            (row,) = outbox.stuck(session)
        assert (row.id, row.kind, row.customer_code, row.state) == (message_id, "test.fact", "1", "dead")
        assert not hasattr(row, "payload")

    def test_what_tytan_does_not_answer_for_a_day_is_counted(self, hands, make, inbox, still):
        hands.accept(make.fact(1))
        hands.drain()
        with hands.database.snapshot() as session:
            assert watch.without_answer(session, still.now_utc() + timedelta(hours=23)) == 0
            assert watch.without_answer(session, still.now_utc() + timedelta(hours=25)) == 1


class TestInvariants:
    """Each must be able to fail: the check is worth what it finds."""

    def violations(self, hands) -> set[str]:
        with hands.database.snapshot() as session:
            return {violation.code for violation in invariants.check(session)}

    def test_a_healthy_outbox_breaks_none(self, hands, make, inbox):
        hands.accept(make.fact(1), make.fact(2))
        hands.step()
        assert self.violations(hands) == set()

    @pytest.mark.parametrize(
        ("facts", "broken"), [(["c:1/1", "c:1/2"], 0), (["c:1/1"], 1), (["c:1/1", "c:1/2", "c:1/3"], 1)]
    )
    def test_I1_each_fact_has_one_message_and_each_message_its_fact(self, hands, make, facts, broken):
        hands.accept(make.fact(1), make.fact(2))
        with hands.database.snapshot() as session:
            found = invariants.check_facts(session, "test.fact", facts)
        assert [violation.code for violation in found] == ["I1"] * broken

    def test_I6_a_lease_that_nobody_took_over(self, hands, make, inbox, still):
        hands.accept(make.fact(1))
        claims.claim(hands.database, "tytan", Capability.PUT)
        still.advance(minutes=7)
        assert self.violations(hands) == {"I6"}

    def test_I7_a_message_that_waits_for_a_dead_one(self, hands, make, inbox):
        (first,) = hands.accept(make.fact(1, "r:1"))
        hands.accept(make.fact(2, "c:2"), depends_on=first)
        hands.sql("UPDATE core_outbox_message SET state='dead', blocking=false WHERE id=:i", i=first)
        assert self.violations(hands) == {"I7"}

    def test_I8_a_payload_that_was_changed(self, hands, make):
        (message_id,) = hands.accept(make.fact(1))
        hands.sql("UPDATE core_outbox_message SET payload='{}' WHERE id=:i", i=message_id)
        assert self.violations(hands) == {"I8"}

    def test_I13_a_number_that_the_stream_did_not_give(self, hands, make):
        hands.accept(make.fact(1))
        hands.sql("UPDATE core_outbox_stream SET next_seq=1")
        assert self.violations(hands) == {"I13"}

    @pytest.mark.parametrize(
        ("arrivals", "codes"),
        [
            ([0, 1, 2], set()),
            ([0, 1, 2, 2], {"I2"}),
            ([0, 1], {"I2"}),
            ([0, 2, 1], {"I3"}),
        ],
    )
    def test_I2_and_I3_are_judged_by_what_the_far_side_has(self, hands, make, inbox, arrivals, codes):
        ids = hands.accept(*(make.fact(n) for n in range(3)))
        hands.drain()
        rows = [invariants.Arrival(ids[n], "c:1", n + 1) for n in arrivals]
        with hands.database.snapshot() as session:
            found = {v.code for v in invariants.check_far_side(session, "tytan", rows)}
        assert found == codes

    @pytest.mark.parametrize(
        "change", ["open=false", "state='gone'", "state='dead'", "lease_token='x'", "payload=NULL"]
    )
    def test_the_database_itself_refuses_what_can_not_be(self, hands, make, change):
        hands.accept(make.fact(1))
        with pytest.raises(sa.exc.IntegrityError):
            hands.sql(f"UPDATE core_outbox_message SET {change}")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_claim_reads_only_partial_indexes_and_sorts_nothing(hands, make):
    """However long the history and the backlog, a claim reads few rows (§2.2: 61 s without these indexes, 18 s with).

    PostgreSQL chooses by statistics, so only SQLite's plan can be pinned down.
    """
    values = {"token": "t", "owner": "o", "until": "x", "now": "x", "target": "tytan", "asks": False}
    with hands.database.unit_of_work() as session:
        sql = claims._CLAIM.format(lock="", columns="id")
        plan = session.execute(sa.text(f"EXPLAIN QUERY PLAN {sql}"), values).all()
    text = "\n".join(row[3] for row in plan)
    assert "SEARCH m USING INDEX ix_core_outbox_message_due" in text
    assert "SEARCH p USING INDEX ix_core_outbox_message_blocking" in text
    assert "SCAN" not in text
    assert "TEMP B-TREE" not in text
