"""Decoded samples kept for the next epoch: in memory, or on disk for every run that reads the same files."""

from segladder.data.cache.disk import DiskCache
from segladder.data.cache.kept import Cache, Kept
from segladder.data.cache.memory import MemoryCache
from segladder.data.cache.store import DiskStore, default_folder

__all__ = ["Cache", "DiskCache", "DiskStore", "Kept", "MemoryCache", "default_folder"]
