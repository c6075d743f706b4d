"""`segladder runs list|show|prune`, as typed and as printed."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys

import pytest

from left_runs import contents, leave, run_id
from segladder.commands.runs import run
from segladder.config.words import unquoted
from segladder.runs.folder import RunFolder
from segladder.runs.lock import RunLock


@pytest.fixture
def board(tmp_path, monkeypatch):
    """`outputs` with a few runs, and the working folder beside it."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "outputs"
    chosen = {"choices": {"data": "disks", "model": "unet", "loss": "ce+dice"}, "seed": 1}
    leave(root, "aaaa0001", val=0.5, name="disks-unet-ce+dice-s1", time={"total": 65.0}, **chosen)
    leave(root, "aaaa0002", val=0.9, name="disks-unet-ce+dice-s2", **chosen)
    leave(root, "bbbb0001", "failed", study=None, error={"type": "ValueError", "message": "loss is NaN"})
    return root


def typed(capsys, *words):
    code = run(words)
    return code, capsys.readouterr()


def test_the_list_has_a_line_per_run_and_counts(board, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    leave(board, "cccc0001").result.write_text("{")
    code, said = typed(capsys, "list", "sort=score")
    lines = said.out.splitlines()
    assert code == 0
    first, second = (" ".join(line.split()) for line in lines[:2])
    assert first == "study name id status model loss seed val miou test miou time size created"
    assert second.startswith("study disks-unet-ce+dice-s2 aaaa0002 finished unet ce+dice 1 0.9000 0.8900 ")
    assert "1 min 05 s" in lines[2]
    assert "Without a record that can be read:" in said.out and "is not valid JSON" in said.out
    assert lines[-1].startswith("4 runs, ") and lines[-1].endswith(": 2 finished, 1 failed, 1 damaged")


@pytest.mark.parametrize("width", [120, 80, 50, 30])
def test_the_table_fits_the_terminal(board, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    _, said = typed(capsys, "list")
    assert max(map(len, said.out.splitlines()[:4])) <= width
    assert "aaaa0001" in said.out or width < 40


def test_csv_and_json_have_everything_whatever_the_terminal(board, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    _, said = typed(capsys, "list", "format=json", "study=study")
    entries = json.loads(said.out)
    assert {entry["id"] for entry in entries} == {run_id("aaaa0001"), run_id("aaaa0002")}
    _, said = typed(capsys, "list", "format=csv", "study=study")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert list(rows[0]) == list(entries[0])
    assert [row["val"] for row in rows] == [str(entry["val"]) for entry in entries]
    assert rows[0]["folder"] == str(board.relative_to(board.parent) / "study" / "disks-unet-ce+dice-s2-aaaa0002")


def test_statuses_pick_runs_and_none_of_them_is_a_sentence(board, capsys):
    _, said = typed(capsys, "list", "status=failed,bare")
    assert "bbbb0001" in said.out and "aaaa0001" not in said.out
    code, said = typed(capsys, "list", "status=[timeout]")
    assert (code, said.out) == (0, "None of the 3 runs in 'outputs' is timeout.\n")


def test_an_empty_folder_is_no_mistake(tmp_path, capsys):
    assert typed(capsys, "list", f"runs={tmp_path}")[1].out == f"There are no runs in '{tmp_path}'.\n"
    assert typed(capsys, "list", f"runs={tmp_path}", "format=json")[1].out == "[]\n"
    assert typed(capsys, "prune", f"runs={tmp_path}", "what=failed")[1].out.startswith("Nothing in")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("lst",), "knows list, show, prune, not 'lst': did you mean 'list'?"),
        (("list", "status=failled"), "did you mean 'failed'? They are running, finished"),
        (("list", "sort=scores"), "did you mean 'score'?"),
        (("list", "format=yaml"), "They are table, csv, json"),
        (("list", "stdy=a"), "has no 'stdy': did you mean 'study'? It takes runs, study, status, sort, format"),
        (("list", "study=stdy"), "did you mean 'study'?"),
        (("list", "outputs"), "'outputs' is no setting. Write key=value"),
        (("list", "runs="), "runs= has no value"),
        (("list", "runs=a", "runs=b"), "runs is given twice"),
        (("list", "runs=nowhere"), "runs=nowhere is not there"),
        (("list", "runs=outputs/study/disks-unet-ce+dice-s1-aaaa0001/result.json"), "is a file"),
        (("show",), "'outputs' holds 3 runs: "),
        (("show", "run=aaaa"), "run=aaaa means 2 runs"),
        (("show", "run=ffff"), "run=ffff: no run below 'outputs'"),
        (("show", "run=outputs/x"), "run=outputs/x is not there"),
        (("prune",), "what= says what may go. Give one or more of failed"),
        (("prune", "what=finished"), "'finished' is none of its words"),
        (("prune", "what=repeat"), "did you mean 'repeats'?"),
        (("prune", "what=failed", "keep=best"), "keep=best has no effect: it belongs to what=checkpoints"),
        (("prune", "what=checkpoints", "keep=last"), "They are best, none"),
        (("prune", "what=failed", "older_than=7"), "Give minutes, hours, days or weeks: 30m, 12h, 7d, 2w"),
        (("prune", "what=failed", "yes=yes"), "They are false, true"),
    ],
)
def test_mistakes_are_sentences(board, capsys, words, sentence):
    before = contents(board)
    code, said = typed(capsys, *words)
    assert (code, said.out) == (1, "")
    assert sentence in said.err and said.err.startswith("segladder: ")
    assert contents(board) == before


def test_a_run_is_shown_in_full_by_path_by_id_and_as_the_only_one(board, capsys):
    folder = RunFolder(next((board / "study").glob("*-aaaa0001")))
    shown = {typed(capsys, "show", word)[1].out for word in (f"runs={folder.path}", f"run={folder.path}")}
    shown.add(typed(capsys, "show", "run=aaaa0001", f"runs={board}")[1].out)
    shown.add(typed(capsys, "show", f"run={folder.result}")[1].out)
    assert len(shown) == 1
    text = shown.pop()
    for word in ("finished", "miou (monitored)", "0.5000", "best.ckpt", "1 kB", "total 1 min 05 s"):
        assert word in text
    assert "Error" not in text and "Attempts" not in text


def test_what_part_of_the_data_a_run_saw_is_shown(tmp_path, capsys):
    data = {
        "counts": {"train": 9, "test": 4},
        "hashes": {"train": "1" * 64},
        "part": {"train": {"of": 367, "shots": 5, "seed": 0, "shown": {"sky": 5}}},
        "skipped": {"count": 2, "counts": {"train": 2}, "samples": []},
    }
    leave(tmp_path, "aaaa0003", val=0.5, data=data)
    text = typed(capsys, "show", f"runs={tmp_path}")[1].out
    assert "9 of 367 samples (data.shots=5, data.seed=0, hash 111111111111)" in text
    assert "4 samples\n" in text and "2 of train" in text


def test_an_error_is_shown_with_the_end_of_the_log_and_other_attempts(board, capsys):
    again = leave(board, "bbbb0001", "running", study=None)
    with RunLock(again.lock) as lock:
        _, said = typed(capsys, "show", "run=bbbb0001-1")
        assert "ValueError: loss is NaN" in said.out
        assert "| line 29" in said.out and "| line 15" in said.out and "| line 14" not in said.out
        assert "a-bbbb0001 (this one)" in said.out and "a-bbbb0001-2" in said.out
        _, said = typed(capsys, "show", "run=bbbb0001-2")
        assert lock.held and f"running (process {os.getpid()} on " in said.out
    _, said = typed(capsys, "show", "run=bbbb0001-2")
    assert "interrupted (its process is gone" in said.out


@pytest.mark.parametrize(
    ("overrides", "command"),
    [
        (["model=unet", "data.root='/a b'"], "segladder train model=unet 'data.root=/a b'"),
        (["study=rungs", "sweep.varying=[model]", "model=unet"], "segladder train -m study=rungs model=unet"),
        (["seed=2", "sweep.time_limit=3", "sweep.rerun=all"], "segladder train seed=2 sweep.rerun=all"),
        (["run=outputs/x", "data.split=val"], "segladder evaluate run=outputs/x data.split=val"),
    ],
)
def test_the_command_of_a_run_can_be_typed_again(tmp_path, capsys, overrides, command):
    folder = leave(tmp_path, "00000001", overrides=overrides)
    shown = typed(capsys, "show", f"runs={folder.path}")[1].out
    line = next(line for line in shown.splitlines() if line.strip().startswith("command"))
    assert line.partition("command")[2].strip() == command
    assert shlex.split(command)[-1] == unquoted(overrides[-1])


def test_pruning_shows_first_and_acts_when_told(board, capsys):
    before = contents(board)
    code, said = typed(capsys, "prune", "what=failed,checkpoints")
    assert code == 0 and contents(board) == before
    assert "This would remove 1 run, 2 checkpoints and free" in said.out and "yes=true does it." in said.out
    code, said = typed(capsys, "prune", "what=failed,checkpoints", "yes=true")
    assert code == 0 and "Removed 1 run, 2 checkpoints: " in said.out
    assert not list(board.glob("single/*")) and not list(board.glob("*/*/checkpoints/last.ckpt"))
    assert len(list(board.glob("*/*/checkpoints/best.ckpt"))) == 2
    assert (
        typed(capsys, "prune", "what=failed,checkpoints", "yes=true")[1].out
        == "Nothing in 'outputs' is to be removed.\n"
    )


def test_what_could_not_go_is_told_and_is_an_error(board, capsys, monkeypatch):
    def stubborn(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("segladder.runs.tidy.removal.shutil.rmtree", stubborn)
    code, said = typed(capsys, "prune", "what=failed", "yes=true")
    assert code == 1 and "Left alone: " in said.out and "Permission denied" in said.out
    assert said.out.endswith("Nothing was removed.\n")


def test_everything_works_without_heavy_imports(board):
    program = (
        "import sys; from segladder.commands import main; code = main();"
        " print([m for m in ('torch', 'numpy', 'hydra', 'pytorch_lightning') if m in sys.modules]); sys.exit(code)"
    )
    for words in (("list",), ("show", "run=aaaa0001"), ("prune", "what=failed,locks", "yes=true")):
        ran = subprocess.run(
            [sys.executable, "-c", program, "runs", *words],
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.splitlines()[-1] == "[]"
