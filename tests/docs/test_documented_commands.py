"""Every command in README and docs runs; files that a page shows are written as the page says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from drawn_runs import draw_sweep
from drawn_sets import draw_ade20k, draw_annotated, draw_cityscapes, draw_voc

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SMALL = ("debug=fast", "runtime.threads=1", "data.batch_size=4", "data.eval_batch_size=4")
TINY_RUN = ("model=unet_lab", "data.counts.train=16", "data.counts.val=8", "data.counts.test=8")


def commands(page: Path) -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]


def shown_files(page: Path) -> dict[str, str]:
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", page.read_text(), re.DOTALL))


ALL = [(page, command) for page in PAGES for command in commands(page)]
TRAIN = [(page, line) for page, line in ALL if line.startswith(("python train.py", "segladder"))]
OTHER = [(page, line) for page, line in ALL if (page, line) not in TRAIN]


@pytest.fixture
def yours(tmp_path: Path) -> Path:
    """A folder data set with masks of 0 and 1, or of 0 and 255 for the page's label_map."""
    return draw_folder(tmp_path / "yours", classes=["background", "vessel"], values=(0, 1))


def draw_folder(root: Path, *, classes: list[str], values: tuple[int, ...]) -> Path:
    draw = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True)
        for index in range(8):
            label = draw.choice(values, size=(40, 48)).astype(np.uint8)
            image = draw.integers(0, 255, (40, 48, 3)).astype(np.uint8)
            Image.fromarray(image).save(root / "images" / split / f"{index}.png")
            Image.fromarray(label).save(root / "labels" / split / f"{index}.png")
    (root / "dataset.json").write_text(json.dumps({"classes": classes}))
    return root


@pytest.fixture
def places(segladder, trained_once, tmp_path: Path) -> Callable[[str], str]:
    """Puts what a page calls /path/to/… where it can be: sets drawn by code, a tiny run, pictures."""

    def run(where: Path) -> Path:
        made = trained_once("train", *TINY_RUN, *SMALL)
        return shutil.copytree(made, where / made.parent.name / made.name)

    def photos(where: Path) -> Path:
        where.mkdir()
        for name, size in (("a.png", (40, 32)), ("b.jpg", (64, 48))):
            Image.linear_gradient("L").resize(size).convert("RGB").save(where / name)
        return where

    def predictions(where: Path) -> Path:
        ran = segladder(
            "predict", f"run={run(tmp_path / 'runs')}", "data.split=test", f"output={where}", "overlay=false"
        )
        assert ran.code == 0, ran.text
        return where

    def study(where: Path) -> Path:
        draw_sweep(where, methods={"ce": 0.1, "dice": 0.2})
        return where

    makers = {
        "camvid": lambda where: draw_folder(where, classes=[f"class {i}" for i in range(11)], values=tuple(range(11))),
        "VOC2012": draw_voc,
        "ADEChallengeData2016": draw_ade20k,
        "annotated": draw_annotated,
        "cityscapes": draw_cityscapes,
        "run": run,
        "outputs": lambda where: run(where).parent.parent,
        "study": study,
        "photos": photos,
        "predictions": predictions,
    }

    def placed(line: str) -> str:
        for name, make in makers.items():
            if re.search(rf"/path/to/{name}\b", line):
                line = re.sub(rf"/path/to/{name}\b", str(make(tmp_path / f"the-{name}")), line)
        return line

    return placed


@pytest.mark.parametrize(("page", "line"), TRAIN, ids=[f"{page.name}: {line}" for page, line in TRAIN])
def test_a_documented_command_runs(page, line, segladder, tmp_path, yours, places):
    for name, text in shown_files(page).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    if "label_map" in line:
        draw_folder(tmp_path / "masks", classes=["background", "vessel"], values=(0, 255))
        line = line.replace("/path/to/yours", str(tmp_path / "masks"))
    street = any(word in line for word in ("camvid", "cityscapes", "voc", "ade20k"))
    line = places(line.replace("/path/to/yours", str(yours)))
    program, *words = shlex.split(line, comments=True)
    if program == "python":
        words = ["train", *words[1:]]
    if words[0] == "train" and "--help" not in words:
        extra = [word for word in SMALL if not any(w.startswith(word.split("=")[0] + "=") for w in words)]
        if "data=stripes" in words:  # a reader of one's own, which has no more settings than its page shows
            extra.remove("data.eval_batch_size=4")
        if "maskrcnn" in line:  # each image costs it hundreds of boxes
            extra += ["data.counts.val=2", "data.counts.test=2"]
        if "data=folder" in words or street:
            extra += ["augment.crop=[32,32]"] if street or any("augment=" in word for word in words) else []
        words = [*words, *extra]
    if words[:2] == ["bench", "data"]:
        words = [*words, "seconds=0.02"]
    ran = segladder(*words, env={"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "caches")})
    assert ran.code == 0, ran.text
    assert "Traceback" not in ran.text


@pytest.mark.parametrize(("page", "line"), OTHER, ids=[f"{page.name}: {line}" for page, line in OTHER])
def test_every_other_documented_command_exists(page, line, tmp_path):
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif words[:1] == ["source"]:
        assert words[1] == ".venv/bin/activate"
    elif words[1].startswith("scripts/bench/"):
        help_text = subprocess.run(
            [sys.executable, str(ROOT / words[1]), "--help"], capture_output=True, text=True, timeout=120, check=False
        )
        assert help_text.returncode == 0, help_text.stderr
        for option in (word for word in words[2:] if word.startswith("--")):
            assert option in help_text.stdout
    else:
        known = ("scripts/loss_convergence.py", "scripts/roi_align.py")
        assert words[1] in known, f"no test knows how to run: {line}"


def test_the_convergence_study_ends_in_a_picture(tmp_path):
    small = ["data.counts.train=160", "data.counts.val=16", "data.counts.test=16", "trainer.max_epochs=1", "logger=csv"]
    small += ["callbacks.pictures.enabled=false", "runtime.threads=1"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "loss_convergence.py"), *small, "trainer.val_check_interval=5"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert Image.open(tmp_path / "outputs" / "loss_convergence" / "convergence.png").size[0] > 500


def test_scripts_named_in_a_sentence_exist():
    for page in PAGES:
        for script in re.findall(r"python (scripts/\S+?\.py)", page.read_text()):
            assert (ROOT / script).is_file(), f"{page.name} names {script}"


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_demonstration_of_roi_align_ends_in_a_picture(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "roi_align.py"), f"output={tmp_path / 'roi.png'}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "roi.png").width > 400
