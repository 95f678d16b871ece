#!/usr/bin/env python3
"""Verify an exported audit trail without the portal: this file alone, Python 3.9 or later, nothing to install.

    python3 verify_audit.py dziennik.jsonl --key-file klucz.env --anchor 1234:ab12…

The key is the portal's EBOK_AUDIT_KEY (a line `EBOK_AUDIT_KEY=…`, former keys as EBOK_AUDIT_KEY_FALLBACKS, or the key
alone). Without it only the order of the events, their links and the anchors are checked, and the answer says so.
Anchors are the pairs of number and hash that left the portal: in its daily mails, its log, its file of seals.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

GENESIS = "0" * 64
ENDS = {False: "klucza nie podano: sprawdzono kolejność, powiązania i kotwice, nie treść zapisów", True: "z kluczem"}


class Broken(Exception):
    """The first bad place, as a sentence."""


def main(arguments: list[str]) -> int:
    """Verify a file; 0 when it is whole, 1 when it is broken, 2 when it can't be read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", help="the export: one JSON object a line")
    parser.add_argument("--key-file", help="a file with EBOK_AUDIT_KEY")
    parser.add_argument("--anchor", action="append", default=[], metavar="SEQ:HASH")
    parser.add_argument("--seals", action="append", default=[], metavar="FILE", help="a file of seals (seals.jsonl)")
    chosen = parser.parse_args(arguments)
    try:
        keys = read_keys(chosen.key_file) if chosen.key_file else {}
        anchors = dict(_pair(text) for text in chosen.anchor)
        for path in chosen.seals:
            anchors.update((seal["seq"], seal["head_hash"]) for seal in _lines(path) if seal["seq"])
        events, seals = verify(_lines(chosen.file), keys, anchors)
    except Broken as broken:
        sys.stdout.write(f"NARUSZONY: {broken}\n")
        return 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stdout.write(f"Nie da się odczytać: {error}\n")
        return 2
    sys.stdout.write(f"Dziennik jest cały. Zapisy: {events}, pieczęcie: {seals}, {ENDS[bool(keys)]}.\n")
    return 0


def verify(lines: Iterable[dict[str, Any]], keys: dict[str, str], anchors: dict[int, str]) -> tuple[int, int]:
    """Walk an export; returns the numbers of events and of seals. Raises `Broken` with the first bad place."""
    seq, event_hash, seal_hash, seals = 0, GENESIS, GENESIS, 0
    hashes = {0: GENESIS}
    head = None
    for line in lines:
        kind = line["kind"]
        if kind == "head":
            head = line
        elif kind == "event":
            event_hash = _event(line, seq + 1, event_hash, keys)
            seq += 1
            hashes[seq] = event_hash
        elif kind == "seal":
            seal_hash = _seal(line, seal_hash, hashes, keys)
            seals += 1
    if head is None or (head["seq"], head["hash"]) != (seq, event_hash):
        raise Broken(f"plik kończy się na zapisie nr {seq}, a nagłówek wskazuje inny koniec")
    for number, expected in sorted(anchors.items()):
        if hashes.get(number) != expected:
            what = "różni się od kotwicy" if number in hashes else "zniknął, a jest w kotwicy"
            raise Broken(f"zapis nr {number} {what}")
    return seq, seals


def _event(line: dict[str, Any], seq: int, prev_hash: str, keys: dict[str, str]) -> str:
    event = line["event"]
    if event["seq"] != seq:
        raise Broken(f"brakuje zapisu nr {seq}, następny ma nr {event['seq']}")
    if line["prev_hash"] != prev_hash:
        raise Broken(f"zapis nr {seq} nie łączy się z poprzednim")
    _keyed(keys, event["key_id"], _canonical(event) + prev_hash.encode(), line["hash"], f"zapis nr {seq}")
    return str(line["hash"])


def _seal(line: dict[str, Any], prev_hash: str, hashes: dict[int, str], keys: dict[str, str]) -> str:
    seal = line["seal"]
    name = f"pieczęć z dnia {seal['day']}"
    if line["prev_hash"] != prev_hash:
        raise Broken(f"{name} nie łączy się z poprzednią")
    if hashes.get(seal["seq"]) != seal["head_hash"]:
        raise Broken(f"zapis nr {seal['seq']} nie zgadza się z pieczęcią z dnia {seal['day']}")
    _keyed(keys, seal["key_id"], b"audit seal:" + _canonical(seal) + prev_hash.encode(), line["hash"], name)
    return str(line["hash"])


def _keyed(keys: dict[str, str], key_id: str, message: bytes, expected: str, name: str) -> None:
    if not keys:
        return
    if key_id not in keys:
        raise Broken(f"{name}: brakuje klucza {key_id}")
    made = hmac.new(keys[key_id].encode(), message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made, expected):
        raise Broken(f"{name}: treść zmieniono")


def _canonical(values: dict[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def read_keys(path: str) -> dict[str, str]:
    """The keys of a file by their ids."""
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    named = dict(line.split("=", 1) for line in lines if line.startswith("EBOK_AUDIT_KEY"))
    keys = [key for text in named.values() for key in text.split(",") if key] or lines[:1]
    return {hashlib.sha256(b"audit key id:" + key.encode()).hexdigest()[:16]: key for key in keys}


def _lines(path: str) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _pair(text: str) -> tuple[int, str]:
    number, _, expected = text.rpartition(" ")[2].partition(":")
    return int(number), expected


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
