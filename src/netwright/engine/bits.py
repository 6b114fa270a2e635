"""Bitsets as plain Python integers, and their ways to and from numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Indexes = npt.NDArray[np.intp]


def pack(flags: npt.NDArray[np.bool_]) -> int:
    """The integer whose bit i is flags[i]."""
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


def of_indexes(indexes: Indexes, n: int) -> int:
    """The integer with these bits set; `n` bounds them."""
    if len(indexes) <= 8:
        bits = 0
        for i in indexes.tolist():
            bits |= 1 << i
        return bits
    flags = np.zeros(n, dtype=np.bool_)
    flags[indexes] = True
    return pack(flags)


def unpack(bits: int, n: int) -> npt.NDArray[np.bool_]:
    raw = np.frombuffer(bits.to_bytes((n + 7) // 8, "little"), dtype=np.uint8)
    return np.unpackbits(raw, bitorder="little", count=n).view(np.bool_)


def indexes(bits: int) -> list[int]:
    """The set bits, ascending."""
    if not bits:
        return []
    shift = (bits & -bits).bit_length() - 1
    run = bits >> shift
    length = run.bit_length()
    if length <= 64 or run.bit_count() <= 4:
        out = []
        while run:
            low = run & -run
            out.append(shift + low.bit_length() - 1)
            run ^= low
        return out
    raw = np.frombuffer(run.to_bytes((length + 7) // 8, "little"), dtype=np.uint8)
    return (np.flatnonzero(np.unpackbits(raw, bitorder="little")) + shift).tolist()
