"""Self-registration: from a paper bill to an account that works, and a new password for who forgot it."""
