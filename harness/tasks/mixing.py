"""Numbers that look drawn, made of a number and a seed alone: the same in every version."""

from __future__ import annotations

import hashlib

import numpy as np

STEP, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mixed(numbers: np.ndarray, salt: str) -> np.ndarray:
    """A uniform 64-bit number for each of some distinct ones, unsigned.

    The finaliser of SplitMix64 (Steele, Lea and Flood 2014, figure 16) of the number plus a hash of
    `salt`: it maps distinct numbers to distinct ones.
    """
    start = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:8], "little")
    with np.errstate(over="ignore"):
        state = (numbers.astype(np.uint64) + np.uint64(start)) * np.uint64(STEP)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(FIRST)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(SECOND)
        return np.asarray(state ^ (state >> np.uint64(31)))
