"""The package is light until a network is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import segladder.models


def test_importing_the_package_imports_no_torch() -> None:
    code = "import segladder.models, sys; dir(segladder.models); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Unet'"):
        _ = segladder.models.Unet  # type: ignore[attr-defined]


def test_every_public_name_is_there() -> None:
    assert all(getattr(segladder.models, name) is not None for name in segladder.models.__all__)
