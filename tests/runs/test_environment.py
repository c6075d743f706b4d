"""What the record says of the machine."""

import json
import platform
import subprocess
import sys
from importlib import metadata

from segladder.runs.environment import cpu_model, environment, usable_cores, versions


def test_versions_are_those_installed_and_missing_packages_are_left_out():
    assert versions(["numpy", "no-such-package-here"]) == {"numpy": metadata.version("numpy")}


def test_the_machine_is_described_in_plain_values():
    found = environment(world_size=2)
    assert json.loads(json.dumps(found)) == found
    assert found["python"] == platform.python_version() and found["host"] == platform.node()
    assert found["world_size"] == 2 and found["cores"] == usable_cores() >= 1
    assert found["cpu"] == cpu_model() != ""


def test_nothing_of_the_run_record_imports_torch():
    code = """
import sys, time
import segladder.runs.identity, segladder.runs.resume, segladder.runs.log
from segladder.runs.environment import environment
from segladder.runs.code import code
code()
assert environment()["devices"] == []
print(sorted({"torch", "numpy", "hydra", "pytorch_lightning"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
