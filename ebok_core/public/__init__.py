"""The zone before sign-in: help, the office's data, rules, accessibility declaration."""
