"""What e-Odczyt does: know a viewer's meters, take readings and take them back, follow them, list them."""

from .facts import Known, groups_of, known_of, limits_of, meters_of
from .following import apply_submission, apply_withdrawal, changes, take_over
from .history import Compared, batch, compared, not_copied, waiting
from .places import Place, Shown, address_of, first_meters, name_groups, shown, still_to_read
from .reminding import Reminder, remind, reminders_due
from .sending import (
    CONFIRMATION,
    HISTORY,
    SUBMIT,
    Entry,
    Judged,
    NotPlausible,
    examine,
    own_reading,
    submit_readings,
    withdraw_reading,
)

__all__ = [
    "CONFIRMATION",
    "HISTORY",
    "SUBMIT",
    "Compared",
    "Entry",
    "Judged",
    "Known",
    "NotPlausible",
    "Place",
    "Reminder",
    "Shown",
    "address_of",
    "apply_submission",
    "apply_withdrawal",
    "batch",
    "changes",
    "compared",
    "examine",
    "first_meters",
    "groups_of",
    "known_of",
    "limits_of",
    "meters_of",
    "name_groups",
    "not_copied",
    "own_reading",
    "remind",
    "reminders_due",
    "shown",
    "still_to_read",
    "submit_readings",
    "take_over",
    "waiting",
    "withdraw_reading",
]
