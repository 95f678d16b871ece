"""Deleting an account: asked for, undone within 14 days, then erased everywhere."""
