"""What happens beside training: checkpoints, interrupts, progress, pictures, timing and the NaN guard."""

from segladder.tasks.callbacks.bad_samples import BadSamples
from segladder.tasks.callbacks.checkpoint import RunCheckpoint
from segladder.tasks.callbacks.early_stop import EarlyStop
from segladder.tasks.callbacks.first_batch import FirstBatch
from segladder.tasks.callbacks.interrupt import InterruptGuard
from segladder.tasks.callbacks.nan_guard import NanGuard, NanLossError
from segladder.tasks.callbacks.pictures import Pictures
from segladder.tasks.callbacks.progress import Progress
from segladder.tasks.callbacks.prune import Prune
from segladder.tasks.callbacks.stopwatch import Stopwatch

__all__ = [
    "BadSamples",
    "EarlyStop",
    "FirstBatch",
    "InterruptGuard",
    "NanGuard",
    "NanLossError",
    "Pictures",
    "Progress",
    "Prune",
    "RunCheckpoint",
    "Stopwatch",
]
