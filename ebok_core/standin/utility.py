"""The fictional utility itself: everything here is invented and can be printed anywhere."""

from __future__ import annotations

NAME = "Wodociągi Brzozowa Struga sp. z o.o."
NIP = "7777777777"
ADDRESS = "ul. Źródlana 5, 62-999 Brzozowa Struga"
PHONE = "61 000 00 12"
DOMAIN = "wodociagi-struga.example"
CITY = "Brzozowa Struga"
POSTAL_CODE = "62-999"

BANK_BRANCH = "99900009"
"""A branch code that no bank has (billing.md §11)."""
BANK_CLIENT = "4127"
