"""A clone, an editable install and a wheel all find their configuration and run from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The wheel unpacked as an installer would, away from the clone."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(command: list[str], *, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "WANDB_MODE": "disabled"} | ({"PYTHONPATH": str(path)} if path else {})
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)


TINY = ["debug=fast", "model=unet_lab", "model.base_channels=2", "data.counts.train=48", "data.counts.val=8"]
ENTRY = "import sys; from segladder.commands import main; sys.exit(main())"


def test_a_clone_runs_by_train_py_from_any_folder(tmp_path):
    ran = run([sys.executable, str(ROOT / "train.py"), *TINY, "data.counts.test=8", "loss=dice+ce"], cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Everything is in" in ran.stdout
    assert list(tmp_path.glob("outputs/debug/*/result.json"))


def test_the_editable_install_has_a_console_command(tmp_path):
    command = Path(sys.executable).parent / "segladder"
    ran = run([str(command), "train", "--cfg", "job", "loss=dice+ce"], cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "ce+dice" in ran.stdout or "dice+ce" in ran.stdout


def test_the_wheel_carries_the_configuration(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (ROOT / "conf").rglob("*.yaml"):
        assert f"segladder/conf/{path.relative_to(ROOT / 'conf').as_posix()}" in names
    assert "hydra_plugins/segladder_loss.py" in names and "hydra_plugins/segladder_launcher.py" in names


def test_a_wheel_trains_and_sweeps_away_from_the_clone(installed, tmp_path):
    where = run([sys.executable, "-c", "import segladder; print(segladder.__file__)"], cwd=tmp_path, path=installed)
    assert where.stdout.startswith(str(installed))
    words = ["train", "-m", *TINY, "data.counts.test=8", "loss=ce,dice+ce", "logger=csv"]
    ran = run([sys.executable, "-c", ENTRY, *words], cwd=tmp_path, path=installed)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(list(tmp_path.glob("outputs/debug/*/result.json"))) == 2


def test_a_wheel_takes_a_config_folder_of_the_user(installed, tmp_path):
    term = tmp_path / "my_conf" / "loss" / "term" / "mine.yaml"
    term.parent.mkdir(parents=True)
    term.write_text("# My term.\n_target_: segladder.losses.Dice\nsmooth: 1.0\n")
    words = ["train", "--config-dir", "my_conf", "--cfg", "job", "loss=mine+ce"]
    ran = run([sys.executable, "-c", ENTRY, *words], cwd=tmp_path, path=installed)
    assert ran.returncode == 0, ran.stderr
    assert "smooth: 1.0" in ran.stdout


def test_the_lock_names_versions_and_nothing_else():
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        name, _, rest = line.partition("==")
        assert name and rest and "://" not in line, line
