import pytest

from segladder.data.errors import DataError
from segladder.data.formats.lost import Loss, Lost

MASKS = Loss("mask becomes a box", "masks become boxes", "boxes only")


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 mask becomes a box: boxes only"), (31700, "31,700 masks become boxes: boxes only")]
)
def test_losses_are_counted_in_words(number, said):
    lost = Lost()
    lost.count(MASKS, number)
    assert lost.sentences() == [said]


def test_nothing_is_said_of_no_loss():
    lost = Lost()
    lost.count(MASKS, 0)
    assert lost.sentences() == []


def test_faulty_objects_are_refused_or_counted_with_the_first_one_named():
    with pytest.raises(DataError, match=r"It is odd. Mend it. Or leave such objects out with faulty=skip."):
        Lost().faulty("It is odd. Mend it.")
    lost = Lost(skip_faulty=True)
    lost.faulty("It is odd.")
    lost.faulty("It is even.")
    assert lost.sentences() == ["2 faulty objects are left out: the first: It is odd."]
