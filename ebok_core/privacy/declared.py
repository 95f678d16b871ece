"""What the room declares to the portal, in one place."""

from __future__ import annotations
