"""Too little room on the disk is one line, before anything is started, with how much to free."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from connector.domain.errors import OperatorError
from connector.local import room, toolchain
from connector.local.oracle import plugin
from connector.local.state import WorldState
from connector.local.toolchain import Toolchain
from connector.local.world import World


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 MB are free, on whatever disk."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=2**40, free=30 * 2**20 + 5))


def test_a_new_world_is_refused_with_the_size_to_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: None
):
    monkeypatch.setattr(toolchain, "find", lambda: None)
    monkeypatch.setattr(plugin, "worker_home", lambda *_: pytest.fail("something was begun"))
    place = tmp_path / "not" / "there yet"
    with pytest.raises(OperatorError) as refused:
        World.up(place)
    assert str(refused.value) == (
        f"a local world needs 200 MB in {place}, and 30 MB are free: free 170 MB, or give --directory on "
        "another disk"
    )
    assert not place.exists()


def test_a_world_that_is_there_has_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: None):
    WorldState(tmp_path / "w", "http://127.0.0.1:1", enforce_iam=False).save()
    monkeypatch.setattr(toolchain, "find", lambda: None)
    monkeypatch.setattr(plugin, "worker_home", lambda *_: None)
    monkeypatch.setattr(World, "_start", lambda *_, **__: None)
    World.up(tmp_path / "w")


def test_a_build_is_refused_before_maven_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: None):
    monkeypatch.setattr(toolchain, "IMAGE", tmp_path)
    monkeypatch.setattr(toolchain, "run_maven", lambda *_: pytest.fail("Maven ran"))
    with pytest.raises(OperatorError, match=r"the build needs 500 MB in .*free 470 MB, or clone"):
        toolchain.assemble(Toolchain(Path("/jdk"), "mvn", tmp_path / "target"), print)


def test_what_is_enough_is_enough(tmp_path: Path, free: None):
    room.check(tmp_path, 30, "this", "do that")
    with pytest.raises(OperatorError, match="free 1 MB, or do that"):
        room.check(tmp_path, 31, "this", "do that")
