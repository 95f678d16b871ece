"""The outbox: facts that a far side must hear, exactly once. Modules enqueue, look up, and guard forms with `once`."""

from .results import apply as apply_result_row
from .service import AlreadyQueued, MessageState, cancel, enqueue, enqueue_many, retry, send_again, states_of
from .submissions import conclude, once
from .watch import Backlog, Stuck, backlog, stuck

__all__ = [
    "AlreadyQueued",
    "Backlog",
    "MessageState",
    "Stuck",
    "apply_result_row",
    "backlog",
    "cancel",
    "conclude",
    "enqueue",
    "enqueue_many",
    "once",
    "retry",
    "send_again",
    "states_of",
    "stuck",
]
