"""What the study scripts share: a study through the command line, then the report on its folder."""

from __future__ import annotations

import subprocess
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run_study(study: str, words: Sequence[str], *, about: str, report: Sequence[str] = ()) -> int:
    """Runs `train.py -m study=<study> <words>`, then `segladder report` on its folder, and opens the page.

    Args:
        study: a file of conf/study.
        words: further words for the command line of the sweep.
        about: what `--help` prints.
        report: words for the report, such as `rows=loss`.

    Returns:
        The exit code of the sweep, as some jobs may have failed while others are worth a table; else the report's.
    """
    if {"-h", "--help"} & set(words):
        print(about.strip())
        return 0
    try:
        sweep = subprocess.run(
            [sys.executable, ROOT / "train.py", "-m", f"study={study}", *words], check=False
        ).returncode
    except KeyboardInterrupt:
        return 130  # the sweep has heard it, too, and says what becomes of it
    typed = dict(word.lstrip("+").split("=", 1) for word in words if "=" in word)
    name = typed.get("study_name") or ("debug" if typed.get("debug", "null") != "null" else study)
    folder = Path(typed.get("paths.outputs", "outputs")) / name
    if sweep == 130 or typed.get("sweep.dry", "").lower() == "true" or not folder.is_dir():
        return sweep
    command = [sys.executable, "-m", "segladder", "report", f"runs={folder}", *report]
    told = subprocess.run(command, check=False).returncode
    page = folder / "report" / "report.html"
    if told == 0 and page.is_file() and sys.stdout.isatty():
        webbrowser.open(page.resolve().as_uri())
    return sweep or told
