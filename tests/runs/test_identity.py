"""The identity of a run: what changes it, and what does not."""

import copy
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.runs.identity import NEUTRAL, hash_file, hash_weights, identity, short
from segladder.types import UserError

CONFIG = {
    "seed": 1,
    "name": None,
    "data": {"root": "/a", "batch_size": 16, "num_workers": 0, "num_disks": [1, 3]},
    "model": {"_target_": "segladder.models.UNet", "weights": None, "depth": 3},
    "loss": {
        "_target_": "segladder.losses.LossSum",
        "expr": "dice+ce",
        "weights": {"dice": 1.0, "ce": 1},
        "terms": {"dice": {"smooth": 0.0}, "ce": {"class_weights": None}},
    },
    "trainer": {"devices": "auto", "limit_train_batches": 1},
    "callbacks": {"early_stopping": {"patience": 3}, "progress": {"refresh": 1}},
    "paths": {"outputs": "outputs"},
}

scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(width=32) | st.text(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdef", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
configs = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), values, max_size=4)


def reordered(node):
    if isinstance(node, dict):
        return {key: reordered(node[key]) for key in reversed(list(node))}
    return [reordered(item) for item in node] if isinstance(node, list) else node


def changed(path, value):
    config = copy.deepcopy(CONFIG)
    node = config
    *parents, last = path.split(".")
    for key in parents:
        node = node.setdefault(key, {})
    node[last] = value
    return config


@given(configs)
def test_order_of_keys_does_not_matter(config):
    assert identity(config) == identity(reordered(config))


@given(configs, st.sampled_from(NEUTRAL), values)
def test_neutral_keys_do_not_matter(config, key, value):
    config = {**config, "trainer": {"max_epochs": 3}}
    expected = identity(config)
    node = config
    *parents, last = key.split(".")
    for parent in parents:
        node[parent] = dict(node.get(parent) or {})
        node = node[parent]
    node[last] = value
    assert identity(config) == expected


@given(configs, configs)
def test_different_configs_have_different_ids(one, other):
    # `repr` tells 1 from 1.0 from True, and NaN from itself not.
    same = repr(sorted_deep(one)) == repr(sorted_deep(other))
    assert (identity(one) == identity(other)) == same


def sorted_deep(node):
    if isinstance(node, dict):
        return {key: sorted_deep(node[key]) for key in sorted(node)}
    return [sorted_deep(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("seed", 2),
        ("data.batch_size", 32),
        ("data.num_disks", [1, 4]),
        ("data.root", "/b"),
        ("model.depth", 4),
        ("model.dropout", 0.1),
        ("loss.weights.dice", 2),
        ("loss.terms.dice.smooth", 1),
        ("trainer.devices", 1),
        ("trainer.limit_train_batches", 1.0),  # to Lightning 1 is one batch, and 1.0 all of them
        ("callbacks.early_stopping.patience", 4),
        ("callbacks.mine", {"_target_": "mypkg.Mine"}),
        ("runtime.matmul_precision", "medium"),
    ],
)
def test_what_decides_the_result_changes_the_id(path, value):
    assert identity(changed(path, value)) != identity(CONFIG)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "mine"),
        ("data.num_workers", 8),
        ("callbacks.progress", None),
        ("callbacks.pictures.count", 9),
        ("callbacks.pictures.kept", 0),
        ("paths.outputs", "/elsewhere"),
        ("logger.wandb.project", "x"),
        ("sweep.retry", True),
        ("trainer.log_every_n_steps", 3),
        ("loss.expr", "ce+1*dice"),
        ("loss.weights", {"ce": 1.0, "dice": 1}),
    ],
)
def test_what_only_looks_on_does_not_change_the_id(path, value):
    assert identity(changed(path, value)) == identity(CONFIG)


def test_the_same_data_elsewhere_is_the_same_run():
    hashes = {"train": "aa", "test": "bb"}
    moved = changed("data.root", "/b")
    assert identity(CONFIG, data_hashes=hashes) == identity(moved, data_hashes=hashes)
    assert identity(CONFIG, data_hashes=hashes) != identity(CONFIG, data_hashes={**hashes, "test": "cc"})


def test_weights_count_by_their_content(tmp_path):
    for name, content in (("one.pt", b"same"), ("two.pt", b"same"), ("three.pt", b"other")):
        (tmp_path / name).write_bytes(content)
    ids = []
    for name in ("one.pt", "two.pt", "three.pt"):
        config = changed("model.weights", str(tmp_path / name))
        ids.append(identity(config, weight_hashes=hash_weights(config)))
    assert ids[0] == ids[1] != ids[2]


def test_a_word_for_weights_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert hash_weights(changed("model.weights", "imagenet")) == {}


def test_tuples_are_lists_and_nan_is_itself():
    assert identity({"a": (1, 2)}) == identity({"a": [1, 2]})
    assert identity({"a": math.nan}) == identity({"a": float("nan")}) != identity({"a": "NaN"})
    assert identity({"a": {1: "x"}}) != identity({"a": {"1": "x"}})


def test_the_id_is_the_same_in_another_process():
    code = f"from segladder.runs.identity import identity; print(identity({CONFIG!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == identity(CONFIG)
    assert len(identity(CONFIG)) == 64 and identity(CONFIG).startswith(short(identity(CONFIG)))


def test_an_object_in_the_config_is_refused_by_name():
    with pytest.raises(TypeError, match=r"'model\.net' is a object"):
        identity({"model": {"net": object()}})


def test_a_missing_file_of_weights_is_named():
    with pytest.raises(UserError, match=r"'/no/such\.pt' cannot be read: No such file"):
        hash_file(Path("/no/such.pt"))


def test_a_key_that_came_later_changes_no_id_at_its_usual_value():
    config = {"seed": 0, "data": {"root": "x"}}
    usual, other = ({**config, "data": {"root": "x", "on_bad_sample": word}} for word in ("error", "skip"))
    assert identity(usual) == identity(config) != identity(other)
