import pytest

from segladder.data.errors import DataError
from segladder.data.formats.whole_folder import whole_folder


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def write(folder, *, overwrite=False, fail=False, text="new"):
    with whole_folder(folder, overwrite=overwrite) as part:
        (part / "labels/a").mkdir(parents=True)
        (part / "labels/a/b.txt").write_text(text)
        (part / "data.yaml").write_text(text)
        if fail:
            raise KeyboardInterrupt


def test_what_was_written_appears_at_the_end(tmp_path):
    write(tmp_path / "in/out")
    assert files(tmp_path) == {"in/out/labels/a/b.txt": "new", "in/out/data.yaml": "new"}


def test_nothing_appears_where_the_block_fails(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "out", fail=True)
    assert list(tmp_path.iterdir()) == []


def test_other_files_stay_and_own_ones_are_replaced_only_when_asked(tmp_path):
    out = tmp_path / "out"
    (out / "labels").mkdir(parents=True)
    (out / "labels/other.txt").write_text("old")
    write(out, text="first")
    before = files(out)
    with pytest.raises(DataError, match=r"and 1 more would be overwritten.*overwrite=true"):
        write(out)
    assert files(out) == before
    write(out, overwrite=True)
    assert files(out) == {"labels/other.txt": "old", "labels/a/b.txt": "new", "data.yaml": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_move_that_fails_half_way_is_undone(tmp_path):
    out = tmp_path / "out"
    write(out, text="old")
    (out / "labels/a/b.txt").unlink()
    (out / "labels/a").rmdir()
    (out / "labels/a").write_text("a file where a folder is needed")
    before = files(out)
    with pytest.raises(DataError, match="cannot be written"):
        write(out, overwrite=True)
    assert files(out) == before


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match=r"is a file. Name a folder."):
        write(tmp_path / "out")
