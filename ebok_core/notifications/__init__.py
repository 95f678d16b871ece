"""Messages to people: `enqueue` writes a mail in the unit of work of the change it tells of."""

from .service import enqueue

__all__ = ["enqueue"]
