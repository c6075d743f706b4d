"""Which samples make up which batch: a function of (seed, epoch) alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch.utils.data import Sampler

from segladder.data.errors import DataError
from segladder.data.seeding import mix

Key = tuple[int, int]
"""(epoch, index): all that a worker must know to make a sample."""

_ORDER = 1  # keeps the order's random numbers apart from those of noise and augmentation


def _at_the_start() -> tuple[int, int]:
    return (0, 0)


class EpochBatches(Sampler[list[Key]]):
    """Batches of `(epoch, index)` keys for one rank, for `DataLoader(batch_sampler=...)`.

    Every index comes exactly once per epoch (with `drop_last` except the ones that fill no batch), each on
    one rank, and all ranks have the same number of batches. A cut-off epoch goes on exactly where it stopped:
    batches already done are skipped, the rest is the same.

    Without `drop_last` the last batch is smaller; where it would leave a rank empty-handed its samples join
    the batch before, so that no rank waits for another one for ever.
    """

    def __init__(
        self,
        length: int,
        batch_size: int,
        *,
        seed: int,
        shuffle: bool,
        drop_last: bool,
        rank: int = 0,
        world_size: int = 1,
        position: Callable[[], tuple[int, int]] = _at_the_start,
        name: str = "training",
    ) -> None:
        """
        Args:
            length: number of samples, at least 1.
            batch_size: samples per step over all ranks together; a multiple of `world_size`.
            seed: decides the order, together with the epoch.
            shuffle: False reads 0, 1, 2, ...
            drop_last: leave out the samples that fill no whole batch.
            rank: whose share to yield, 0..world_size-1.
            world_size: number of ranks.
            position: asked at the start of each iteration, in the main process: (epoch, batches already
                done).
            name: what the samples are, for messages.

        Raises:
            DataError: the batch size is not a positive integer, does not divide by the number of ranks, or
                leaves no batch at all.
        """
        key = "data.batch_size" if name == "training" else "data.eval_batch_size"
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise DataError(f"{key} is {batch_size!r}. Give a whole number of samples, 1 or more.")
        if batch_size % world_size:
            lower = max(1, batch_size // world_size) * world_size
            raise DataError(
                f"{key}={batch_size} is the batch of all {world_size} devices together and does not divide by"
                f" {world_size}. Choose a multiple, e.g. {key}={lower}."
            )
        if length < 1:
            raise DataError(f"There are no {name} samples. Check the split, data.limit and data.fraction.")
        if drop_last and batch_size > length:
            raise DataError(
                f"data.batch_size={batch_size} is more than the {length} {name} samples, so an epoch would"
                f" have no batch. Set data.batch_size={_largest_multiple(length, world_size)} or less, or"
                " data.drop_last=false."
            )
        if length < world_size:
            raise DataError(
                f"{length} {name} samples cannot be shared by {world_size} devices. Use"
                f" trainer.devices={length} or fewer, or more data."
            )
        self.length = length
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.rank = rank
        self.world_size = world_size
        self.position = position

    def __len__(self) -> int:
        """Batches in a whole epoch, also when a resumed one has fewer left."""
        whole, rest = divmod(self.length, self.batch_size)
        if self.drop_last or (rest < self.world_size and whole):
            return whole
        return whole + (rest > 0)

    def __iter__(self) -> Iterator[list[Key]]:
        # Asked now, not at the first next(): the loops of a Trainer move on in between.
        epoch, done = self.position()
        return self._batches(epoch, done)

    def order(self, epoch: int) -> list[int]:
        """All indices in the order of this epoch."""
        if not self.shuffle:
            return list(range(self.length))
        generator = torch.Generator().manual_seed(mix(_ORDER, self.seed, epoch))
        order: list[int] = torch.randperm(self.length, generator=generator).tolist()
        return order

    def _batches(self, epoch: int, done: int) -> Iterator[list[Key]]:
        order = self.order(epoch)
        count = len(self)
        for number in range(done, count):
            start = number * self.batch_size
            stop = start + self.batch_size
            if number == count - 1 and not self.drop_last:
                stop = self.length
            share = order[start:stop]
            first = self.rank * len(share) // self.world_size
            last = (self.rank + 1) * len(share) // self.world_size
            yield [(epoch, index) for index in share[first:last]]


def _largest_multiple(length: int, world_size: int) -> int:
    return max(1, length // world_size) * world_size
