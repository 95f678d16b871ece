"""Credentials changed and given back: a new e-mail address, a password reset by the office, a letter with a code."""
