"""`segladder report`."""

from __future__ import annotations

import csv
import json
import os
import re

import pytest

from drawn_runs import draw_run, draw_sweep


def test_a_sweep_is_reported_in_all_forms(segladder, tmp_path):
    draw_sweep(tmp_path / "outputs", methods={"ce": 0.1, "dice": 0.3}, study="losses")
    ran = segladder("report", "power=true")
    assert ran.code == 0, ran.text
    assert "Leaderboard of disks test: miou" in ran.out
    assert "the data say that it is better than every other" in ran.out
    assert "Ablation by loss" in ran.out and "Comparisons on" in ran.out and "settled" in ran.out
    files = {path.name for path in (tmp_path / "outputs/report").iterdir()}
    assert {f"{name}.{ending}" for name in (LEADERBOARD, ABLATION, COMPARISONS) for ending in ("csv", "tex")} <= files
    text = (tmp_path / "outputs/report/report.md").read_text()
    assert text.startswith("# Report of outputs") and text.count("\n## ") == 3
    assert "](pictures/" in text and {"report.html", "report.md", "pictures"} <= files
    rows = list(csv.DictReader((tmp_path / f"outputs/report/{LEADERBOARD}.csv").open()))
    assert [row["loss"] for row in rows] == ["ce", "dice"]
    # links lead from the report to the run
    folders = rows[0]["runs"].split()
    assert len(folders) == 3
    assert all((tmp_path / "outputs/report" / folder / "result.json").is_file() for folder in folders)
    assert float(rows[0]["interval_low"]) < float(rows[0]["miou"]) < float(rows[0]["interval_high"])


LEADERBOARD = "leaderboard-disks-test-miou"
ABLATION = "ablation-disks-test-miou-loss"
COMPARISONS = "comparisons-disks-test-miou"


def test_a_number_of_hundreds_of_digits_loses_no_report(segladder, tmp_path):
    paths = draw_sweep(tmp_path / "outputs", methods={"ce": 0.1}, seeds=(1, 2))
    text = (paths[0] / "result.json").read_text()
    (paths[0] / "result.json").write_text(text.replace('"parameters": 4000', '"parameters": 1' + "0" * 400))
    ran = segladder("report", "pictures=false")
    assert ran.code == 0 and "Traceback" not in ran.text, ran.text


def test_a_folder_in_the_place_of_a_file_is_a_sentence(segladder, tmp_path):
    draw_run(tmp_path / "outputs")
    (tmp_path / "out/report.html").mkdir(parents=True)
    ran = segladder("report", "output=out", "pictures=false")
    assert ran.code == 1 and "out/report.html' cannot be written: Is a directory." in ran.err


def test_rows_and_columns_by_choice(segladder, tmp_path):
    for model in ("unet", "fcn"):
        draw_sweep(tmp_path / "outputs", methods={"ce": 0.1, "dice": 0.3}, model=model)
    ran = segladder("report", "rows=loss", "cols=model", "baseline=unet", "output=out", "resamples=100")
    assert ran.code == 0, ran.text
    assert "loss \\ model" in ran.out and "Differences are to model=unet of the same loss." in ran.out
    assert (tmp_path / "out/differences-disks-test-miou-loss-model.tex").is_file()


def test_what_is_left_out_is_told(segladder, tmp_path):
    draw_sweep(tmp_path / "outputs", methods={"ce": 0.1}, seeds=(1, 2))
    damaged = draw_run(tmp_path / "outputs", seed=3)
    (damaged / "result.json").write_text('{"schema": 1, "id":')
    draw_run(tmp_path / "outputs", seed=4, status="failed")
    ran = segladder("report", "resamples=0")
    assert ran.code == 0, ran.text
    assert f"Warning: The record '{damaged.relative_to(tmp_path)}/result.json' is not valid JSON" in ran.out
    assert "seed 4 did not finish: failed (bad luck)." in ran.out


def test_a_file_in_the_way_is_told_before_the_tables(segladder, tmp_path):
    draw_sweep(tmp_path / "outputs", methods={"ce": 0.1}, seeds=(1, 2))
    (tmp_path / "outputs/report").mkdir()
    (tmp_path / "outputs/report/report.md").write_text("mine")
    ran = segladder("report", "resamples=0", "pictures=false")
    assert ran.code == 1 and "no report has written it" in ran.text and "Leaderboard" not in ran.out


def test_a_name_that_is_no_text_looks_the_same_in_warnings_and_notes(segladder, tmp_path):
    study = os.fsdecode(b"study\xff")
    draw_sweep(tmp_path / "outputs", methods={"ce": 0.1}, seeds=(1, 2, 3), study=study)
    (draw_run(tmp_path / "outputs", seed=4, study=study) / "per_image.npz").write_bytes(b"none")
    (draw_run(tmp_path / "outputs", seed=5, study=study) / "result.json").write_text("{")
    ran = segladder("report", "resamples=100", "pictures=false")
    assert ran.code == 0, ran.text
    (warning,) = (line for line in ran.out.splitlines() if line.startswith("Warning: "))
    assert "study\\udcff" in warning and ran.out.count("study\\udcff") >= 2


def test_names_of_any_kind_are_shown_as_text(segladder, tmp_path):
    name = "<script>alert(1)</script> \\input{x} $x_1$ & é"
    theirs = {"name": name, "choices": {"model": name}, "overrides": []}
    draw_run(tmp_path / "outputs", seed=None, method="", folder="theirs-12345678", **theirs)
    ran = segladder("report")
    assert ran.code == 0, ran.text
    assert "<script>" not in (tmp_path / "outputs/report/report.md").read_text().replace("\\<", "")
    assert r"\textbackslash{}input\{x\}" in (tmp_path / f"outputs/report/{LEADERBOARD}.tex").read_text()


def test_tables_page_and_files_go_to_wandb(segladder, tmp_path):
    draw_sweep(tmp_path / "outputs", methods={"ce": 0.1, "dice": 0.2}, seeds=(1, 2))
    ran = segladder("report", "wandb=true", "pictures=false", env={"WANDB_MODE": "offline"})
    assert ran.code == 0, ran.text
    folder = tmp_path / re.search(r"wandb sync (\S+)", ran.out)[1]
    [stored] = folder.glob("run-*.wandb")
    content = stored.read_bytes()
    for told in (LEADERBOARD, ABLATION, COMPARISONS, "report-outputs", "report.html", f"{LEADERBOARD}.tex"):
        assert told.encode() in content, told
    [table] = folder.glob(f"files/media/table/{LEADERBOARD}_*.json")
    rows = json.loads(table.read_text())
    assert [row[rows["columns"].index("loss")] for row in rows["data"]] == ["ce", "dice"]
    assert all(isinstance(row[rows["columns"].index("miou")], float) for row in rows["data"])


@pytest.mark.parametrize(
    ("mode", "code", "said"),
    [
        ("disabled", 0, "Warning: nothing was sent to Weights & Biases, as WANDB_MODE is disabled. Unset it"),
        (
            "offline",
            0,
            "Not yet in Weights & Biases, as WANDB_MODE is offline. Send it with: wandb sync outputs/report/",
        ),
        ("dryrun", 0, "Not yet in Weights & Biases, as WANDB_MODE is dryrun. Send it with: wandb sync outputs/report/"),
        ("", 0, "Not yet in Weights & Biases, as no W&B API key is on this machine. Send it with: wandb sync outputs/"),
        ("online", 1, "not sent: WANDB_MODE is online, and no W&B API key is on this machine. Run `wandb login` once"),
        ("offlien", 1, "not sent: WANDB_MODE=offlien is none of online, offline, disabled."),
    ],
)
def test_where_the_report_went_is_said_for_each_mode_of_wandb(segladder, tmp_path, mode, code, said):
    draw_run(tmp_path / "outputs")
    env = {"WANDB_MODE": mode, "WANDB_API_KEY": "", "NETRC": str(tmp_path / "none")}
    ran = segladder("report", "wandb=true", "pictures=false", env=env)
    assert ran.code == code and said in ran.text, ran.text
    assert "Traceback" not in ran.text and "WARNING" not in ran.text
    assert (tmp_path / "outputs/report/report.html").is_file()
    assert (tmp_path / "outputs/report/wandb").is_dir() == ("wandb sync" in ran.out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs=none",), "runs=none is not there."),
        (("rusn=outputs",), "segladder report has no 'rusn': did you mean 'runs'?"),
        (("outputs",), "'outputs' is no setting."),
        (("study=losse",), "study=losse: no run is of that study: did you mean 'losses'?"),
        (("metric=mioo",), "metric=mioo: no run has it: did you mean 'miou'?"),
        (("rows=model",), "rows=model: it does not vary among the runs"),
        (("power=yes",), "power=yes is none of its words. They are false, true."),
        (("pictures=no",), "pictures=no is none of its words. They are true, false."),
        (("resamples=7",), "resamples=7: give a whole number from 100"),
        (("output=outputs/losses/x/y", "runs=outputs"), ""),
    ],
)
def test_mistakes_are_told_in_a_sentence(segladder, tmp_path, words, said):
    draw_sweep(tmp_path / "outputs", methods={"ce": 0.1, "dice": 0.2}, study="losses", seeds=(1,))
    (tmp_path / "outputs/losses/x").write_text("a file in the way")
    ran = segladder("report", *words)
    assert ran.code == 1 and ran.err.startswith(f"segladder: {said}"), ran.text
    assert "Traceback" not in ran.text


def test_an_empty_folder_says_so(segladder, tmp_path):
    (tmp_path / "outputs").mkdir()
    ran = segladder("report")
    assert ran.code == 1 and "There are no runs in 'outputs'" in ran.err
