"""The audit trail: who did what to what, in the transaction of the change itself, in a chain that shows tampering.

`record(session, "odczyt.reading.submitted", actor=viewer, object_type="reading", object_id=…)` inside a unit of work.
"""

from .meta import RequestMeta, current_request, use_request
from .service import SYSTEM, Fault, Verdict, anchor, keys_of, personal, record, verify

__all__ = [
    "SYSTEM",
    "Fault",
    "RequestMeta",
    "Verdict",
    "anchor",
    "current_request",
    "keys_of",
    "personal",
    "record",
    "use_request",
    "verify",
]
