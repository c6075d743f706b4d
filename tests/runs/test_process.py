"""Who a process is."""

import os
import subprocess
import sys
from dataclasses import replace

from segladder.runs import process
from segladder.runs.process import Owner, boot_id, lives, start_of, this_process


def test_this_process_lives_and_comes_back_from_json():
    owner = this_process("a1")
    assert lives(owner) is True
    assert Owner.from_json(owner.to_json()) == owner


def test_another_start_time_is_another_process():
    assert lives(replace(this_process("a1"), start="0")) is False


def test_another_machine_cannot_be_judged():
    assert lives(replace(this_process("a1"), host="elsewhere")) is None


def test_a_process_that_ended_has_no_start():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert start_of(child.pid) is None
    assert start_of(os.getpid())


def test_the_boot_is_the_same_for_every_process():
    code = "from segladder.runs.process import boot_id; print(boot_id())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == boot_id()


def test_a_missing_command_of_the_system_answers_nothing():
    assert process.answer("segladder-no-such-command") == ""
