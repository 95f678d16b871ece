"""Kontakt: who the utility is and how to reach it."""
