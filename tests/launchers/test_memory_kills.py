"""Where Linux counts what it killed for want of memory."""

from __future__ import annotations

from pathlib import Path

from segladder.launchers.memory_kills import count_in, counters, memory_kills


def test_both_versions_of_control_groups_are_read():
    assert count_in("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n") == 2
    assert count_in("oom_kill_disable 0\nunder_oom 0\noom_kill 5\n") == 5
    assert count_in("low 0\n") == 0


def test_the_groups_own_counter_comes_before_the_machines():
    root = Path("/cg")
    assert counters("0::/user/me\n", root)[0] == root / "user/me/memory.events"
    old = counters("9:name=systemd:/\n4:cpu,memory:/docker/a:b\n0::/\n", root)
    assert old[0] == root / "memory/docker/a:b/memory.oom_control"
    assert root / "memory.events" in old


def test_this_machine_gives_a_number():
    assert memory_kills() >= 0
