"""What a disk refuses is said in a sentence."""

from pathlib import Path

import pytest

from segladder.runs.storage import check_path, require_space, storing
from segladder.types import UserError


@pytest.mark.parametrize("path", ["/tmp/a::b", "s3://bucket/runs", "/tmp/a\nb"])
def test_a_path_that_libraries_misread_is_refused(path):
    with pytest.raises(UserError, match=r"The output folder .*paths\.outputs=DIR"):
        check_path(Path(path))


def test_characters_of_loss_sums_are_welcome():
    check_path(Path("outputs/a study/disks-unet-0.5*dice+ce=[1,2]#?-s1"))


def test_too_little_space_names_both_sizes(tmp_path):
    with pytest.raises(UserError, match=r"needs about 1e\+03 TB, but its disk has .* free"):
        require_space(tmp_path / "not" / "there" / "yet", 10**15)
    require_space(tmp_path / "not" / "there" / "yet", 1000)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied"), "cannot be written: Permission denied"),
        (OSError(30, "Read-only file system"), "cannot be written: Read-only file system"),
        (NotADirectoryError(20, "Not a directory"), "a file stands where a folder is needed"),
        (OSError(36, "File name too long"), "too long"),
        (OSError(28, "No space left on device"), "No space is left"),
    ],
)
def test_refusals_become_sentences(error, said):
    with pytest.raises(UserError, match=said), storing(Path("/x/y")):
        raise error
