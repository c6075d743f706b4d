"""Where a run's numbers go while it runs: `metrics.csv` in its folder, and Weights & Biases."""

from segladder.tasks.trackers.context import RunContext
from segladder.tasks.trackers.csv_logger import CsvLogger
from segladder.tasks.trackers.wandb_tracker import WandbTracker, wandb_mode

__all__ = ["CsvLogger", "RunContext", "WandbTracker", "wandb_mode"]
