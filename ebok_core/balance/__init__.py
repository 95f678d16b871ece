"""Money: the balance and its parts, payments, the statement of account; there only while a module deals in money."""
