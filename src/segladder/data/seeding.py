"""One seed out of several integers, so that randomness needs no memory of what ran before."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def mix(*values: int) -> int:
    """A seed that depends on every value and on their order, in [0, 2^63).

    Neighbouring inputs give unrelated seeds (the finaliser of splitmix64 after each value; Steele et al.,
    "Fast splittable pseudorandom number generators", OOPSLA 2014), so `(seed, epoch, index)` can be counted
    up without two samples ever seeing the same or related noise.
    """
    state = 0x9E3779B97F4A7C15
    for value in values:
        state = (state ^ (value & _MASK)) + 0x9E3779B97F4A7C15 & _MASK
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state >> 1
