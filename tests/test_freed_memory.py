"""Memory that glibc keeps of freed buffers goes back to Linux once there is much of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from segladder.config.machine import keep_freed_buffers
from segladder.freed_memory import FreedMemory, resident

def grown():
    return (resident() - before) >> 20

keep_freed_buffers()
patient, freed = FreedMemory(most=2**30), FreedMemory(most=2**26)
patient.give_back(), freed.give_back()
before = resident()
large = [np.ones(2**20, dtype=np.uint8) for _ in range(200)]
stays = np.ones(2**10)  # lies above the others: the heap cannot shrink from its end
del large
print(grown())
patient.give_back()
print(grown())
freed.give_back()
print(grown(), int(stays.sum()))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is glibc that keeps them")
def test_what_was_freed_goes_back_once_a_process_has_grown_by_much():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    kept, by_the_patient, at_last, stays = map(int, ran.stdout.split())
    assert kept >= 190 and by_the_patient >= 190
    assert at_last <= 40 and stays == 1024
