"""The state file: private, complete, and refused when it is not one of ours."""

import os
from pathlib import Path
from threading import Thread

import pytest

from connector.domain.errors import OperatorError
from connector.local import state as states
from connector.local import toolchain
from connector.local.oracle import plugin
from connector.local.processes import Process, start_time
from connector.local.state import BrokerState, DatabaseState, WorldState
from connector.local.world import World


def example(directory: Path) -> WorldState:
    return WorldState(
        directory,
        "http://127.0.0.1:1",
        enforce_iam=True,
        aws=Process(1, 2, "log"),
        database=DatabaseState("127.0.0.9", 1521, "a", "b", "c", Process(3, 4, "log")),
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
    ("content", "words"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ("5", "is damaged"),
        ('{"format": 3}', "is damaged .KeyError: 'endpoint'."),
        ('{"format": 3, "endpoint": "x", "enforce_iam": false, "aws": {"pid": "x"}}', "is damaged"),
        ('{"format": 0}', "from another version"),
        ('{"format": 1}', "from another version"),
    ],
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


def test_removing_takes_what_the_world_made_and_nothing_else(tmp_path: Path):
    """Somebody may have put files of their own into the directory since."""
    state = example(tmp_path / "s")
    state.save()
    for name in (
        "aws/s3",
        "brokers/default/data",
        "logs",
        "oracle/redo",
        "tasks/1",
        "mine/logs",
        "faults",
    ):
        (state.directory / name).mkdir(parents=True)
    (state.directory / "notes.txt").write_text("mine")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("mine")
    (state.directory / "logs").rmdir()
    (state.directory / "logs").symlink_to(outside)
    state.remove()
    assert sorted(path.name for path in state.directory.iterdir()) == ["faults", "mine", "notes.txt"]
    assert (outside / "kept").read_text() == "mine"


def test_a_directory_in_which_somebody_keeps_something_is_refused_and_left_as_it_is(tmp_path: Path):
    (tmp_path / "logs").mkdir()
    with pytest.raises(
        OperatorError, match=r"holds 'logs' and is not a local world; give --directory an empty"
    ):
        World.up(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


@pytest.mark.parametrize("names", [(), ("world.json", "mine")])
def test_a_directory_is_ours_when_it_is_empty_or_has_a_world(tmp_path: Path, names: tuple[str, ...]):
    for name in names:
        (tmp_path / name).touch()
    states.refuse_foreign(tmp_path)
    states.refuse_foreign(tmp_path / "none")


def test_the_default_directory_is_ours_whatever_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`make faults` keeps its results there."""
    monkeypatch.setattr(states, "DEFAULT", tmp_path)
    (tmp_path / "faults").mkdir()
    states.refuse_foreign(tmp_path)


@pytest.mark.parametrize(
    ("enforced", "words"),
    [
        (True, r"with `local up --enforce-iam`; run that again. For `local up`, run `local down` first"),
        (False, r"with `local up`; run that again. For `local up --enforce-iam`, run `local down` first"),
    ],
)
def test_another_setting_for_iam_is_answered_with_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enforced: bool, words: str
):
    for module, name in ((toolchain, "find"), (plugin, "worker_home")):
        monkeypatch.setattr(module, name, lambda *_: None)
    alive = Process(os.getpid(), start_time(os.getpid()) or 0, "log")
    WorldState(tmp_path / "s", "http://127.0.0.1:1", enforce_iam=enforced, aws=alive).save()
    with pytest.raises(OperatorError, match=words):
        World.up(tmp_path / "s", enforce_iam=not enforced)
