"""The second factor of sign-in: a code from an app, a passkey, recovery codes (identity.md §6.6, P08)."""
