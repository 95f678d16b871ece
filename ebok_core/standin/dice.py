"""A seeded source of chance. What it draws is the same on every machine and version of Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws for one customer: its own stream, so that nothing depends on the order of the work."""

    __slots__ = ("draw",)

    def __init__(self, seed: str) -> None:
        self.draw = random.Random(seed).random

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.draw() < share

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.draw() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self.draw() * len(options))]

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        """One of the options, each with its weight in percent; the weights add up to 100."""
        left = self.draw() * 100
        for option, weight in options:
            left -= weight
            if left < 0:
                return option
        return options[-1][0]
