"""The package is light."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_package_imports_neither_torch_nor_matplotlib_nor_rich() -> None:
    code = "import segladder.viz, sys; assert not {'torch', 'matplotlib', 'rich', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
