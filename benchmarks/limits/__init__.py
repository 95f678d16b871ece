"""The limits: the same work with nothing around it."""
