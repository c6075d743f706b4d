"""Help, `--cfg job` and completion answer without torch, and list what there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRACE = (
    "import sys; from segladder.commands import main; code = main();"
    " heavy = [m for m in ('torch', 'pytorch_lightning', 'torchvision', 'wandb', 'numpy') if m in sys.modules];"
    " print('HEAVY', heavy); sys.exit(code)"
)


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TRACE, *words],
        env={**os.environ, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [("train", "--help"), ("train", "--cfg", "job", "loss=dice+ce"), ("--help",)])
def test_answers_without_heavy_imports(words):
    ran = run(*words)
    assert ran.returncode == 0, ran.stderr
    assert "HEAVY []" in ran.stdout


def test_help_lists_terms_models_data_and_presets():
    text = run("train", "--help").stdout
    for word in ("dice", "focal", "tversky", "unet_lab", "disks", "camvid", "lab", "unet_depth"):
        assert f"  {word} " in text


def test_completion_lists_models_and_loss_terms():
    for typed, expected in (
        ("train.py model=", "model=unet_lab"),
        ("train.py loss=", "loss=dice"),
        ("train.py data=ca", "data=camvid"),
    ):
        ran = subprocess.run(
            [sys.executable, "train.py", "-sc", "query=bash"],
            env={**os.environ, "COMP_LINE": f"python {typed}", "COMP_POINT": str(len(typed) + 7), "_": sys.executable},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert expected in ran.stdout.split(), ran.stderr


def test_an_unknown_command_names_the_nearest():
    ran = run("trian")
    assert ran.returncode == 2
    assert "did you mean 'train'" in ran.stderr


def test_a_reader_that_leaves_early_is_no_error():
    ran = subprocess.run(
        f"{sys.executable} train.py --help | head -1", shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in ran.stderr and "BrokenPipe" not in ran.stderr
