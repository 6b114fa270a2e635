"""Bitsets as plain Python integers, and their ways to and from numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
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


def unpack_at(sets: Sequence[int], n: int, at: Indexes) -> npt.NDArray[np.uint8]:
    """A row for each bitset of n bits: 1 where it has the bit `at[j]`."""
    width = (n + 7) // 8
    raw = np.frombuffer(b"".join([bits.to_bytes(width, "little") for bits in sets]), dtype=np.uint8)
    return (raw.reshape(len(sets), width)[:, at >> 3] >> (at & 7).astype(np.uint8)) & np.uint8(1)


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


def spread(sets: Sequence[int]) -> tuple[Indexes, Indexes]:
    """The set bits of many bitsets: which bitset, and which bit; in no particular order."""
    which: list[int] = []
    shifts: list[int] = []
    words: list[int] = []
    wide: list[tuple[int, list[int]]] = []
    for i, bits in enumerate(sets):
        if not bits:
            continue
        shift = (bits & -bits).bit_length() - 1
        run = bits >> shift
        if run < 1 << 64:
            which.append(i)
            shifts.append(shift)
            words.append(run)
        else:
            wide.append((i, indexes(bits)))
    # short runs, by far the most, are unpacked together
    flags = np.unpackbits(np.array(words, dtype="<u8").view(np.uint8), bitorder="little")
    found = np.flatnonzero(flags)
    of = found >> 6
    owners = [np.array(which, dtype=np.intp)[of]]
    members = [np.array(shifts, dtype=np.intp)[of] + (found & 63)]
    for i, listed in wide:
        owners.append(np.full(len(listed), i, dtype=np.intp))
        members.append(np.array(listed, dtype=np.intp))
    return np.concatenate(owners), np.concatenate(members)


def salts(count: int, seed: int) -> npt.NDArray[np.uint64]:
    """`count` well-mixed 64-bit numbers, always the same (SplitMix64; numpy's own generators are slow to import)."""
    z = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def distinct(values: npt.NDArray[Any]) -> tuple[Indexes, Indexes]:
    """Where each distinct value first stands, in the order of the values, and each item's number among them.

    What `np.unique` gives, which imports a package of numpy that nothing else here needs.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(values) else np.zeros(0, dtype=np.bool_)
    number = np.empty(len(values), dtype=np.intp)
    number[order] = np.cumsum(starts) - 1
    return order[starts], number
