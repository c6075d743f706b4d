"""Imported once by the server that jobs are forked from, so that no job pays for these imports again.

Nothing here may touch a GPU or run a parallel operation: neither survives a fork.
"""

import pytorch_lightning  # noqa: F401
import torch  # noqa: F401

import segladder.data
import segladder.losses
import segladder.metrics
import segladder.models
import segladder.runs.training
import segladder.tasks.callbacks
import segladder.tasks.semantic
import segladder.tasks.trackers  # noqa: F401
