"""What Hydra finds of segladder when it scans for plug-ins: the loss algebra.

Hydra imports every module of the namespace package `hydra_plugins` at start, so nothing heavy may be imported
here. The work is done in `segladder.config.loss_source`.
"""

from segladder.config.loss_source import LossSearchPath, LossSource

__all__ = ["LossSearchPath", "LossSource"]
