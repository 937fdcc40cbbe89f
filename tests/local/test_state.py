"""The state file: private, complete, and refused when it is not one of ours."""

from pathlib import Path
from threading import Thread

import pytest

from connector.domain.errors import OperatorError
from connector.local import state as states
from connector.local.processes import Process
from connector.local.state import BrokerState, DatabaseState, State


def example(directory: Path) -> State:
    return State(
        directory,
        "http://127.0.0.1:1",
        enforce_iam=True,
        aws=Process(1, 2, "log"),
        database=DatabaseState("127.0.0.9", 5432, "a", "b", "c", Process(3, 4, "log")),
        brokers={"default": BrokerState("127.0.0.8", None)},
        seeded=True,
    )


def test_a_saved_world_is_loaded_as_it_was(tmp_path: Path):
    example(tmp_path / "s").save()
    assert states.load(tmp_path / "s") == example(tmp_path / "s")
    assert (tmp_path / "s" / "world.json").stat().st_mode & 0o777 == 0o600


def test_no_file_is_no_world(tmp_path: Path):
    assert states.load(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "words"), [("{", "is damaged"), ('{"format": 0}', "from another version")]
)
def test_a_foreign_file_is_refused_with_what_to_do(tmp_path: Path, content: str, words: str):
    (tmp_path / "world.json").write_text(content, encoding="utf-8")
    with pytest.raises(OperatorError, match=f"{words}.*remove"):
        states.load(tmp_path)


def test_passwords_are_not_in_the_repr(tmp_path: Path):
    shown = repr(DatabaseState("h", 1, "pw-admin", "pw-app", "pw-cdc"))
    assert "pw-" not in shown


def test_parts_that_save_at_the_same_time_do_not_disturb_each_other(tmp_path: Path):
    state = example(tmp_path / "s")
    threads = [Thread(target=state.save) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states.load(tmp_path / "s") == state


def test_removing_twice_is_no_error(tmp_path: Path):
    state = example(tmp_path / "s")
    state.save()
    state.remove()
    state.remove()
    assert not (tmp_path / "s").exists()
