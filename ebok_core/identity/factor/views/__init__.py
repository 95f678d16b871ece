"""Pages of the second factor: its step of a sign-in, and one's own app, passkeys and recovery codes."""
