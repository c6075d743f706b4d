"""Start, go on, skip or repeat: every status, alone and in a sweep, and many processes at once."""

import subprocess
import sys
import time

import pytest

from segladder.runs.folder import RunFolder, next_folder
from segladder.runs.lock import RunLock
from segladder.runs.record import NewerRecordError, Record, read, update, write
from segladder.runs.resume import claim, decide

ID = "0123abcd" + "e" * 56
SAME, OTHER = "same code", "other code"


def leave(root, status, *, code=SAME, checkpoint=True, study="study", run_id=ID, **fields) -> RunFolder:
    """An attempt of which only its folder is left."""
    folder = next_folder(root, study, "a", run_id).create()
    write(Record(id=run_id, name="a", status=status, code={"fingerprint": code}, **fields), folder.result)
    folder.metrics.write_text("step,loss\n1,0.5\n")
    if checkpoint:
        folder.last.write_bytes(b"weights")
    return folder


def ask(root, **how):
    return decide(root, "study", "a", ID, SAME, **({"sweep": True} | how))


TABLE = [
    # status, code, checkpoint, how -> kind
    ("finished", SAME, True, {}, "skip"),
    ("finished", OTHER, True, {}, "skip"),
    ("finished", SAME, True, {"rerun": "changed"}, "skip"),
    ("finished", OTHER, True, {"rerun": "changed"}, "repeat"),
    ("finished", SAME, True, {"rerun": "all"}, "repeat"),
    ("finished", SAME, True, {"sweep": False}, "repeat"),
    ("finished", OTHER, True, {"sweep": False}, "repeat"),
    ("failed", SAME, True, {}, "skip"),
    ("failed", OTHER, True, {}, "skip"),
    ("failed", SAME, True, {"retry": True}, "repeat"),
    ("failed", SAME, True, {"rerun": "changed"}, "skip"),
    ("failed", OTHER, True, {"rerun": "changed"}, "repeat"),
    ("failed", SAME, True, {"sweep": False}, "repeat"),
    ("pruned", SAME, True, {}, "skip"),
    ("pruned", SAME, True, {"retry": True}, "skip"),
    ("pruned", SAME, True, {"rerun": "all"}, "repeat"),
    ("pruned", SAME, True, {"sweep": False}, "repeat"),
    *(
        (status, code, checkpoint, how, kind)
        for status in ("interrupted", "running", "timeout")
        for code, checkpoint, how, kind in (
            (SAME, True, {}, "resume"),
            (SAME, True, {"sweep": False}, "resume"),
            (SAME, False, {}, "repeat"),
            (OTHER, True, {}, "repeat"),
            (OTHER, True, {"sweep": False}, "repeat"),
            (SAME, True, {"rerun": "all"}, "repeat"),
            (SAME, True, {"rerun": "changed", "retry": True}, "resume"),
        )
    ),
]


@pytest.mark.parametrize(("status", "code", "checkpoint", "how", "kind"), TABLE)
def test_what_one_earlier_attempt_leads_to(tmp_path, status, code, checkpoint, how, kind):
    folder = leave(tmp_path, status, code=code, checkpoint=checkpoint)
    decision = ask(tmp_path, **how)
    assert decision.kind == kind
    assert decision.code_changed == (code == OTHER)
    assert decision.checkpoint == (folder.last if kind == "resume" else None)
    assert decision.folder.path.name == ("a-0123abcd-2" if kind == "repeat" else "a-0123abcd")
    assert decision.why.endswith(".")


def test_a_first_run_is_new_and_deciding_touches_nothing(tmp_path):
    decision = ask(tmp_path)
    assert (decision.kind, decision.folder.path) == ("new", tmp_path / "study" / "a-0123abcd")
    assert list(tmp_path.iterdir()) == []


def test_code_that_changed_since_is_mentioned(tmp_path):
    leave(tmp_path, "finished", code=OTHER)
    assert "with other code (sweep.rerun=changed redoes it)" in ask(tmp_path).why


@pytest.mark.parametrize("sweep", [True, False])
@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_live_lock_is_busy(tmp_path, sweep, status):
    folder = leave(tmp_path, status)
    with RunLock(folder.lock):
        decision = ask(tmp_path, sweep=sweep)
    assert decision.kind == "busy" and decision.owner is not None
    assert f"{decision.owner} is at it in '{folder.path}'" in decision.why


def test_a_finished_run_that_still_tidies_up_is_finished(tmp_path):
    folder = leave(tmp_path, "finished")
    with RunLock(folder.lock):
        assert ask(tmp_path).kind == "skip"
        assert ask(tmp_path, sweep=False).kind == "repeat"


def test_what_was_cut_off_before_anything_came_out_starts_in_its_folder(tmp_path):
    folder = leave(tmp_path, "running", checkpoint=False)
    folder.metrics.unlink()
    decision = ask(tmp_path)
    assert (decision.kind, decision.folder) == ("new", folder)


def test_a_folder_without_a_record_is_taken_when_it_is_bare_and_left_alone_otherwise(tmp_path):
    folder = next_folder(tmp_path, "study", "a", ID).create()
    assert ask(tmp_path).folder == folder
    folder.last.write_bytes(b"weights")
    assert ask(tmp_path).folder.path.name == "a-0123abcd-2"


def test_a_damaged_record_is_left_alone(tmp_path):
    folder = leave(tmp_path, "finished")
    folder.result.write_text("{")
    decision = ask(tmp_path)
    assert (decision.kind, decision.folder.path.name) == ("new", "a-0123abcd-2")
    assert "no readable record" in decision.why
    with RunLock(folder.lock):
        assert ask(tmp_path).kind == "busy"


def test_a_record_of_a_newer_version_stops_the_decision(tmp_path):
    folder = leave(tmp_path, "finished")
    folder.result.write_text('{"schema": 99}')
    with pytest.raises(NewerRecordError):
        ask(tmp_path)


def test_evaluations_and_other_ids_are_no_attempts(tmp_path):
    leave(tmp_path, "finished", parent=ID)
    leave(tmp_path, "finished", run_id=ID[:8] + "f" * 56)
    assert ask(tmp_path).kind == "new"


def test_another_study_is_another_run(tmp_path):
    leave(tmp_path, "finished", study="other")
    assert ask(tmp_path).kind == "new"


def test_the_newest_attempt_decides_and_the_newest_finished_is_kept(tmp_path):
    first = leave(tmp_path, "finished")
    second = leave(tmp_path, "finished")
    assert ask(tmp_path).folder == second
    third = leave(tmp_path, "interrupted")
    assert ask(tmp_path).folder == second
    assert ask(tmp_path, sweep=False).folder == third
    update(first.result, status="interrupted")
    assert ask(tmp_path, sweep=False).folder == third


def test_a_redo_that_was_cut_off_goes_on(tmp_path):
    leave(tmp_path, "finished", code=OTHER)
    redo = leave(tmp_path, "interrupted")
    decision = ask(tmp_path, rerun="changed")
    assert (decision.kind, decision.folder) == ("resume", redo)


def test_a_claim_makes_locks_and_records(tmp_path):
    claimed = claim(tmp_path, "study", "a", ID, SAME, sweep=True, draft=Record(id="", name="a", seed=3))
    assert claimed.decision.kind == "new" and claimed.lock is not None and claimed.lock.held
    record = read(claimed.decision.folder.result)
    assert (record.id, record.seed, record.code, record.effective_status()) == (
        ID,
        3,
        {"fingerprint": SAME},
        "running",
    )
    assert claim(tmp_path, "study", "a", ID, SAME, sweep=True).decision.kind == "busy"
    claimed.lock.release()
    assert [entry.name for entry in (tmp_path / "study").iterdir()] == ["a-0123abcd"]


def test_a_claim_to_go_on_keeps_the_record_and_clears_what_killed_writers_left(tmp_path):
    folder = leave(tmp_path, "interrupted", wandb={"id": "w1"}, error={"type": "KeyboardInterrupt"})
    left = folder.checkpoints / ".last.ckpt.1234.partial"
    left.write_bytes(b"half")
    claimed = claim(tmp_path, "study", "a", ID, SAME, sweep=False)
    assert claimed.decision.kind == "resume" and claimed.lock is not None
    record = read(folder.result)
    assert (record.status, record.wandb, record.error) == ("running", {"id": "w1"}, None)
    assert not left.exists() and folder.last.exists()
    claimed.lock.release()


def test_a_claim_with_nothing_to_do_holds_no_lock(tmp_path):
    folder = leave(tmp_path, "finished")
    before = folder.result.read_bytes()
    claimed = claim(tmp_path, "study", "a", ID, SAME, sweep=True)
    assert claimed.decision.kind == "skip" and claimed.lock is None
    assert folder.result.read_bytes() == before and not folder.lock.exists()


CLAIMER = """
import random, sys, time
from pathlib import Path
from segladder.runs import resume
from segladder.runs.resume import claim
decide = resume.decide
def late(*arguments, **how):
    # What was decided is old when it is acted upon: races that last microseconds become likely ones.
    decision = decide(*arguments, **how)
    time.sleep(random.uniform(0, 0.1))
    return decision
resume.decide = late
root, name, start = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
time.sleep(max(0.0, start - time.time()))
claimed = claim(root, "study", name, "0123abcd" + "e" * 56, "same code", sweep=False)
print(claimed.decision.kind, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("earlier", [None, "interrupted", "failed"])
def test_of_many_that_claim_one_run_exactly_one_gets_it(tmp_path, earlier):
    if earlier:
        leave(tmp_path, earlier)
    begin = time.time() + 1.2
    claimers = [
        subprocess.Popen(
            # Other names make other folders: the identity must decide all the same.
            [sys.executable, "-c", CLAIMER, str(tmp_path), f"name{number % 2}", str(begin)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    kinds = sorted(claimer.stdout.readline().strip() for claimer in claimers if claimer.stdout)
    for claimer in claimers:
        claimer.kill()
        claimer.communicate()
    got = {None: "new", "interrupted": "resume", "failed": "repeat"}[earlier]
    assert kinds == sorted(["busy"] * 5 + [got])


def test_a_killed_run_is_claimed_again_at_once(tmp_path):
    running = subprocess.Popen(
        [sys.executable, "-c", CLAIMER, str(tmp_path), "a", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None and running.stdout.readline().strip() == "new"
    folder = RunFolder(tmp_path / "study" / "a-0123abcd")
    folder.last.write_bytes(b"weights")
    running.kill()
    running.communicate()
    assert read(folder.result).effective_status() == "interrupted"
    claimed = claim(tmp_path, "study", "a", ID, SAME, sweep=False)
    assert (claimed.decision.kind, claimed.decision.folder) == ("resume", folder)
    assert claimed.lock is not None
    claimed.lock.release()
