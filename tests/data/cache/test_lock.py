"""One builder at a time, and the folders that were made for one that built nothing."""

import time
from threading import Event, Thread

from segladder.data.cache.lock import building


def test_folders_made_for_one_that_built_nothing_are_gone_also_where_another_waited(tmp_path, capfd):
    path = tmp_path / "caches" / "set" / "building"
    alone, inside = [], Event()

    def refused():
        with building(path, lambda: False) as mine:
            alone.append(mine and len(list(path.parent.iterdir())) == 1)
            inside.set()
            time.sleep(0.5)

    both = [Thread(target=refused) for _ in range(2)]
    for one in both:
        one.start()
        assert inside.wait(60)
    for one in both:
        one.join()
    assert alone == [True, True] and "Waiting for process" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_before_stays(tmp_path):
    with building(tmp_path / "building", lambda: False):
        pass
    assert tmp_path.is_dir() and list(tmp_path.iterdir()) == []
