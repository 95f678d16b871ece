"""QR codes as vector paths."""

from __future__ import annotations

import segno

QUIET = 4
"""Light modules around a code, as ISO/IEC 18004 asks."""
# Any of the eight masks is valid; trying them all to choose the prettiest is five times the work (performance.md).
_MASK = 3


def path_of(text: str, error: str = "M") -> tuple[str, int]:
    """The dark modules as a path in units of one module, y upwards, and the side with the quiet zone in modules.

    Raises `ValueError` for a text that no code can hold. Dark modules beside each other are one rectangle.
    """
    encoding = None if text.isascii() else "utf-8"
    code = segno.make_qr(text, error=error, mask=_MASK, boost_error=False, encoding=encoding)
    side = len(code.matrix) + 2 * QUIET
    runs = []
    for row, line in enumerate(code.matrix):
        bits, start = bytes(line), -1
        y = side - QUIET - row - 1
        while (start := bits.find(1, start + 1)) >= 0:
            end = bits.find(0, start)
            end = len(bits) if end < 0 else end
            runs.append(f"{start + QUIET} {y} {end - start} 1 re")
            start = end
    return "\n".join(runs), side
