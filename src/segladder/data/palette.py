"""Colours for classes that come without: distinct ones, the same in every run."""

from __future__ import annotations


def distinct_colors(count: int) -> tuple[tuple[int, int, int], ...]:
    """The first `count` colours of the PASCAL VOC palette: black first, no two alike.

    The bits of the class index, three at a time, become the high bits of red, green and blue.
    """
    colors = []
    for index in range(count):
        channels = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                channels[channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit)
        colors.append((channels[0], channels[1], channels[2]))
    return tuple(colors)
