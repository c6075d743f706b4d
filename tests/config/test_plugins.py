from __future__ import annotations

import pytest

from segladder.config.plugins import import_plugins
from segladder.types import UserError


def test_packages_are_imported_in_order() -> None:
    assert [module.__name__ for module in import_plugins(["toyparts", "json"])] == ["toyparts", "json"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["nopkg"], r"The package 'nopkg' of plugins=\[nopkg\] cannot be imported. Install it"),
        (["nopkg.sub"], "The package 'nopkg' of"),
        (["json.nopart"], "The package 'json.nopart' of"),
        (["./mypkg.py"], "plugins names './mypkg.py', which is no package"),
        (["a b"], "is no package"),
        ([3], "plugins names 3"),
        ("mypkg", r"Write a list: plugins=\[mypkg\]"),
    ],
)
def test_a_name_that_is_no_package_is_refused(names, sentence) -> None:
    with pytest.raises(UserError, match=sentence):
        import_plugins(names)


def test_an_error_inside_the_package_is_its_own(tmp_path, monkeypatch) -> None:
    (tmp_path / "brokenplugin.py").write_text("import missing_dependency_of_it\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="missing_dependency_of_it"):
        import_plugins(["brokenplugin"])
