from __future__ import annotations

from pathlib import Path

import pytest

import segladder
from segladder.config.paths import conf_dir
from segladder.types import UserError


def installed(root: Path, monkeypatch: pytest.MonkeyPatch, *confs: str) -> None:
    package = root / "src" / "segladder"
    package.mkdir(parents=True)
    monkeypatch.setattr(segladder, "__file__", str(package / "__init__.py"))
    for conf in confs:
        (root / conf).mkdir(parents=True)
        (root / conf / "train.yaml").touch()


def test_a_clone_has_it_beside_src(tmp_path, monkeypatch) -> None:
    installed(tmp_path, monkeypatch, "conf", "src/segladder/conf")
    assert conf_dir() == tmp_path / "conf"


def test_a_wheel_has_it_inside_the_package(tmp_path, monkeypatch) -> None:
    installed(tmp_path, monkeypatch, "src/segladder/conf")
    assert conf_dir() == tmp_path / "src/segladder/conf"


def test_a_folder_named_conf_elsewhere_is_not_taken_for_it(tmp_path, monkeypatch) -> None:
    installed(tmp_path, monkeypatch)
    (tmp_path / "conf").mkdir()
    with pytest.raises(UserError, match="Install segladder again"):
        conf_dir()
