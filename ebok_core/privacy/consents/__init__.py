"""Consents for which the law wants a separate yes: given and withdrawn with the same click."""
