"""`./run bench`: measure, print each figure beside its limit, exit 1 when a promise is missed."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator

from .report import Line, table

# The measured ids and the module whose `lines()` yields them.
PARTS = {
    "pages": ("W1", "W6", "W7", "W8"),
    "refresh": ("S1", "S2", "S3", "S4"),
    "login": ("L1",),
    "notices": ("N1",),
    "documents": ("P1", "P3"),
}


def main(arguments: list[str]) -> int:
    """Run the parts that were asked for and print their lines as they come, then the table."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--only", help="ids or parts, with commas: W1,S2 or pages,login")
    wanted = {word.strip() for word in (parser.parse_args(arguments).only or "").split(",") if word.strip()}
    known = {*PARTS, *(id for ids in PARTS.values() for id in ids)}
    if wanted - known:
        parser.error(f"there is no {', '.join(sorted(wanted - known))}; choose among {', '.join(sorted(known))}")
    done = []
    for line in _measured(wanted):
        sys.stderr.write(f"  {line.id} {line.what}: {line.ours}\n")
        done.append(line)
    sys.stdout.write(table(done) + "\n")
    return int(any(line.is_kept is False for line in done))


def _measured(wanted: set[str]) -> Iterator[Line]:
    for part, ids in PARTS.items():
        if not wanted or part in wanted or wanted & set(ids):
            module = importlib.import_module(f"benchmarks.{part}")
            for line in module.lines():
                if not wanted or part in wanted or line.id in wanted:
                    yield line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
