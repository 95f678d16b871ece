"""The outbox: facts that a far side must hear, exactly once. Modules enqueue, look up, and guard forms with `once`."""

from .accept import AlreadyQueued, enqueue, enqueue_many
from .results import apply as apply_result_row
from .service import MessageState, cancel, retry, send_again, states_of
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
