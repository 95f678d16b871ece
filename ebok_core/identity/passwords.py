"""Passwords: hashing with argon2id, at most one at a time per core, and telling a person why a password is weak."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import argon2

from ebok_core.db import assert_no_open_write
from ebok_core.i18n import gettext as _
from ebok_core.i18n import ngettext
from ebok_core.settings import CoreSettings

from . import rules

# The meter reads so many characters: its work grows faster than the length.
_METERED = 72
_LEAST_SCORE = 3
_INFO = "ebok.hasher"


@dataclass(frozen=True)
class Cost:
    """What one argon2id hash costs; the floor of real settings is checked where they are read (identity.md §6.1)."""

    time_cost: int
    memory_kib: int
    parallelism: int


class Hasher:
    """argon2id with a place for `at_once` hashes: others wait, so that sign-ins can't exhaust memory (S13).

    Hashing takes some 20 ms and refuses to run inside a unit of work (G4).
    """

    def __init__(self, cost: Cost, at_once: int = 1) -> None:
        self.cost = cost
        self._argon2 = argon2.PasswordHasher(cost.time_cost, cost.memory_kib, cost.parallelism)
        self._places = threading.BoundedSemaphore(at_once)
        self._dummy: str | None = None

    def hash(self, password: str) -> str:
        """The encoded hash with its parameters and a fresh salt."""
        with self._place():
            return self._argon2.hash(password)

    def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password belongs to the hash. Without a hash the same work is done for nothing (S11)."""
        dummy = self.dummy()
        with self._place():
            try:
                return self._argon2.verify(encoded or dummy, password) and encoded is not None
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False

    def is_outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(encoded)

    def dummy(self) -> str:
        """A hash of nobody's password with today's parameters, made once."""
        if self._dummy is None:
            self._dummy = self.hash(os.urandom(16).hex())
        return self._dummy

    @contextmanager
    def _place(self) -> Iterator[None]:
        assert_no_open_write("hashing a password")
        with self._places:
            yield


@lru_cache(maxsize=4)
def hasher_for(cost: Cost, at_once: int) -> Hasher:
    """One hasher per parameters and process, so that its places are counted together."""
    return Hasher(cost, at_once)


def for_sessions(settings: CoreSettings) -> dict[str, Any]:
    """What a database's sessions carry so that a sign-in can check a password: this process's share of the cores."""
    cost = Cost(settings.argon2_time_cost, settings.argon2_memory_kib, settings.argon2_parallelism)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return with_hasher(hasher_for(cost, max(1, cores // settings.workers)))


def with_hasher(hasher: Hasher) -> dict[str, Any]:
    """The same for a hasher of one's own: tests put a cheap one into `database.info`."""
    return {_INFO: hasher}


def hasher_in(info: Mapping[Any, Any]) -> Hasher:
    """The hasher that `session.info` or `database.info` carries."""
    return cast(Hasher, info[_INFO])


# Strength


def complaint(password: str, *, least: int, context: Iterable[str]) -> str | None:
    """What is wrong with a new password, in words for its owner, or None (identity.md §6.1).

    `context` are words that a stranger would try first: the utility, the town, the person's names, codes and addresses.
    """
    words = [word for phrase in context for word in _words(phrase)]
    if len(password) < least:
        return ngettext(
            "The password has %(n)s character. It needs at least %(least)s",
            "The password has %(n)s characters. It needs at least %(least)s",
            len(password),
            least=least,
        )
    if len(password) > rules.MOST_PASSWORD:
        return _("The password has %(n)s characters. The most is %(most)s", n=len(password), most=rules.MOST_PASSWORD)
    if rules.plain(password) in _listed() or rules.core_of(password) in _listed():
        return _(
            "Many people use this password, with digits at its end too. Think of four words that don't go together"
        )
    if words and len(rules.besides(password, words)) < rules.LEAST_BESIDES_CONTEXT and _has_any(password, words):
        return _("The password is made of names and words that are easy to guess here. Add words of another kind")
    if _score(password[:_METERED], [rules.plain(word) for word in words]) < _LEAST_SCORE:
        return _("This password is easy to guess. Add two words that don't go together")
    return None


def _words(phrase: str) -> list[str]:
    """A phrase as a whole and its words, so that both "Brzozowa Struga" and "struga" count."""
    split = "".join(c if c.isalnum() else " " for c in phrase).split()
    return [word for word in {phrase.replace(" ", ""), *split} if len(word) >= 3]


def _has_any(password: str, words: list[str]) -> bool:
    text = rules.plain(password)
    return any(rules.plain(word) in text for word in words)


# The meter and its lists are loaded with the first new password: most processes never see one.


def _score(password: str, words: list[str]) -> int:
    from zxcvbn import zxcvbn

    return int(zxcvbn(password, user_inputs=words)["score"])


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    """The top list that comes with the meter; entries of one or two characters would forbid too much."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(entry for entry in FREQUENCY_LISTS["passwords"] if len(entry) >= 3)
