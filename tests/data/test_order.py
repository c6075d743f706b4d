from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segladder.data.errors import DataError
from segladder.data.order import EpochBatches
from segladder.data.seeding import mix


@st.composite
def plans(draw):
    world = draw(st.integers(1, 4))
    batch = world * draw(st.integers(1, 5))
    drop_last = draw(st.booleans())
    length = draw(st.integers(batch if drop_last else world, 60 + batch))
    return {
        "length": length,
        "batch_size": batch,
        "world_size": world,
        "drop_last": drop_last,
        "shuffle": draw(st.booleans()),
        "seed": draw(st.integers(0, 5)),
    }


def read(plan, *, rank=0, epoch=0, done=0):
    return list(EpochBatches(**plan, rank=rank, position=lambda: (epoch, done)))


@settings(deadline=None)
@given(plans(), st.integers(0, 3))
def test_ranks_share_each_index_exactly_once(plan, epoch):
    ranks = [read(plan, rank=rank, epoch=epoch) for rank in range(plan["world_size"])]
    indices = [index for batches in ranks for batch in batches for _, index in batch]
    assert len(indices) == len(set(indices))
    kept = plan["length"] // plan["batch_size"] * plan["batch_size"] if plan["drop_last"] else plan["length"]
    assert len(indices) == kept
    assert set(indices) <= set(range(plan["length"]))


@settings(deadline=None)
@given(plans())
def test_every_rank_has_the_same_number_of_batches_and_none_is_empty(plan):
    ranks = [read(plan, rank=rank) for rank in range(plan["world_size"])]
    sampler = EpochBatches(**plan)
    assert {len(batches) for batches in ranks} == {len(sampler)}
    assert all(batch for batches in ranks for batch in batches)


@settings(deadline=None)
@given(plans(), st.data())
def test_a_resumed_epoch_is_the_rest_of_the_uncut_one(plan, data):
    whole = read(plan, epoch=2)
    done = data.draw(st.integers(0, len(whole)))
    assert read(plan, epoch=2, done=done) == whole[done:]


@settings(deadline=None)
@given(plans())
def test_the_global_batch_does_not_depend_on_the_number_of_ranks(plan):
    alone = read({**plan, "world_size": 1})
    shared = [read(plan, rank=rank) for rank in range(plan["world_size"])]
    together = [list(chain(*parts)) for parts in zip(*shared, strict=True)]
    whole = plan["length"] // plan["batch_size"]
    assert together[: whole - 1] == alone[: max(0, whole - 1)]


def test_epochs_and_seeds_have_orders_of_their_own():
    plan = {"length": 100, "batch_size": 10, "shuffle": True, "drop_last": True}
    orders = [EpochBatches(**plan, seed=seed).order(epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    assert EpochBatches(**plan, seed=0).order(1) == orders[1]


def test_keys_carry_the_epoch():
    plan = {"length": 4, "batch_size": 2, "shuffle": False, "drop_last": True, "seed": 0, "world_size": 1}
    assert read(plan, epoch=7) == [[(7, 0), (7, 1)], [(7, 2), (7, 3)]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"batch_size": 0}, "data.batch_size is 0. Give a whole number of samples, 1 or more."),
        ({"batch_size": 2.5}, "data.batch_size is 2.5. Give a whole number of samples, 1 or more."),
        (
            {"batch_size": 6, "world_size": 4},
            "data.batch_size=6 is the batch of all 4 devices together and does not divide by 4. Choose a multiple,"
            " e.g. data.batch_size=4.",
        ),
        (
            {"batch_size": 3, "world_size": 2, "name": "test"},
            "data.eval_batch_size=3 is the batch of all 2 devices together and does not divide by 2. Choose a multiple,"
            " e.g. data.eval_batch_size=2.",
        ),
        (
            {"batch_size": 16},
            "data.batch_size=16 is more than the 10 training samples, so an epoch would have no batch. Set"
            " data.batch_size=10 or less, or data.drop_last=false.",
        ),
        ({"length": 0}, "There are no training samples. Check the split, data.limit and data.fraction."),
    ],
)
def test_a_batch_size_that_cannot_work_is_refused(change, sentence):
    plan = {"length": 10, "batch_size": 2, "seed": 0, "shuffle": True, "drop_last": True, **change}
    with pytest.raises(DataError) as error:
        EpochBatches(**plan)
    assert str(error.value) == sentence


@given(st.lists(st.integers(0, 2**63), min_size=1, max_size=4))
def test_mixed_seeds_are_valid_for_torch_and_change_with_every_value(values):
    seed = mix(*values)
    assert 0 <= seed < 2**63
    changed = [*values]
    changed[0] += 1
    assert mix(*changed) != seed


def test_neighbouring_seeds_do_not_collide():
    assert len({mix(a, b, c) for a in range(20) for b in range(20) for c in range(20)}) == 8000
