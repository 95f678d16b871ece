"""People: accounts, roles, permissions, sign-in, sessions, login history."""
