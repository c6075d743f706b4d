import pickle

import pytest
from torch.utils.data import DataLoader

from segladder.data.errors import DataError
from segladder.data.samples import Samples, as_is
from segladder.types import UserError


class Broken:
    """Every sample is bad: with a DataError, or with another UserError."""

    synthetic = False

    def __init__(self, kind):
        self.kind = kind

    def __len__(self):
        return 4

    def __getitem__(self, key):
        raise self.kind(f"Label 'a/{key[1]}.png' holds\n: 7. Mend it.")


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", [DataError, UserError])
def test_an_error_in_a_worker_arrives_as_its_sentence_alone(workers, kind, read_all):
    loader = DataLoader(Samples(Broken(kind)), batch_size=2, num_workers=workers, collate_fn=as_is)
    with pytest.raises(UserError) as error:
        read_all(loader)
    assert str(error.value) == "Label 'a/0.png' holds\n: 7. Mend it."


def test_it_survives_pickling():
    assert str(pickle.loads(pickle.dumps(DataError("One. Two.")))) == "One. Two."
