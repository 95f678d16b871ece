"""The zone before sign-in: blocks that the utility writes, arranges and schedules, beside those of modules (L28)."""
