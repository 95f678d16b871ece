"""Messages to people: `enqueue` writes a mail, `enqueue_sms` a text message, in the unit of work of what they tell of.

`mobile_number` reads a Polish mobile number as people type it; `PEOPLE` and `addressee` tell workers whom to write to.
"""

from .people import PEOPLE, Addressee, addressee
from .rules import is_address, mobile_number
from .service import enqueue, enqueue_sms

__all__ = ["PEOPLE", "Addressee", "addressee", "enqueue", "enqueue_sms", "is_address", "mobile_number"]
