"""The worker's directory of the local world: the image's but for two jars, and the image never has them."""

import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from connector.domain.errors import OperatorError
from connector.local import toolchain
from connector.local.oracle import plugin
from connector.local.toolchain import Report, Toolchain

OJDBC = plugin.PLUGIN / "ojdbc11-23.1.jar"
_CLASS = b"\xca\xfe\xba\xbe"


def jar(path: Path, *names: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, _CLASS)


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as there:
        return there.namelist()


class FakeMaven:
    """In Maven's place: makes the driver's jar and counts."""

    def __init__(self) -> None:
        self.builds = 0

    def __call__(self, _: Toolchain, pom: Path, goals: Sequence[str], _report: Report) -> None:
        (target,) = [goal.partition("=")[2] for goal in goals if goal.startswith("-Dstand-in.target=")]
        assert pom == plugin.DRIVER / "pom.xml"
        jar(Path(target) / plugin.JAR, "wms/standin/StandInDriver.class")
        self.builds += 1


@pytest.fixture
def maven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeMaven:
    """Fakes Maven, and the sources of image and driver."""
    fake = FakeMaven()
    monkeypatch.setattr(toolchain, "run_maven", fake)
    for name in ("image", "driver"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pom.xml").write_text(name, encoding="utf-8")
    monkeypatch.setattr(toolchain, "IMAGE", tmp_path / "image")
    monkeypatch.setattr(plugin, "DRIVER", tmp_path / "driver")
    return fake


@pytest.fixture
def tools(tmp_path: Path, maven: FakeMaven) -> Toolchain:
    """An image that is assembled."""
    made = Toolchain(Path("/jdk"), "mvn", tmp_path / "image" / "target")
    (made.connect_home / "bin").mkdir(parents=True)
    (made.connect_home / "bin" / "entrypoint.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    made.kafka_libs.mkdir(parents=True)
    jar(made.connect_home / OJDBC, plugin.SERVICE_FILE, "oracle/jdbc/OracleDriver.class")
    jar(made.connect_home / plugin.PLUGIN / "debezium.jar", "io/debezium/A.class")
    assembled(made)
    return made


def assembled(tools: Toolchain) -> None:
    """As after a build of the image's sources as they are."""
    (tools.image_target / ".sources").write_text(toolchain.fingerprint(toolchain.IMAGE), encoding="utf-8")


@pytest.fixture
def home(tools: Toolchain, tmp_path: Path) -> Callable[[], Path]:
    return lambda: plugin.worker_home(tools, lambda _: None, tmp_path / "target")


def tree(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_the_copy_differs_in_two_jars_of_the_oracle_plugin(home: Callable[[], Path], tools: Toolchain):
    image, copy = tree(tools.connect_home), tree(home())
    assert copy.keys() - image.keys() == {str(plugin.PLUGIN / plugin.JAR)}
    assert image.keys() - copy.keys() == set()
    assert {name for name in image if image[name] != copy[name]} == {str(OJDBC)}
    assert names(home() / OJDBC) == ["oracle/jdbc/OracleDriver.class"]


def test_the_other_files_are_hard_links_and_none_is_symbolic(home: Callable[[], Path], tools: Toolchain):
    for path in home().rglob("*"):
        assert not path.is_symlink()
        original = tools.connect_home / path.relative_to(home())
        if path.is_file():
            own = path.name in (plugin.JAR, OJDBC.name)
            assert (not original.exists() or not path.samefile(original)) if own else path.samefile(original)


def test_the_image_stays_as_it_was(home: Callable[[], Path], tools: Toolchain):
    before = tree(tools.connect_home)
    home()
    assert tree(tools.connect_home) == before


def test_it_is_made_once_and_again_when_a_source_changed(
    home: Callable[[], Path], tools: Toolchain, maven: FakeMaven
):
    first = home()
    assert home() == first
    assert maven.builds == 1

    (plugin.DRIVER / "pom.xml").write_text("changed", encoding="utf-8")
    second = home()
    assert second != first
    assert maven.builds == 2

    (toolchain.IMAGE / "pom.xml").write_text("changed", encoding="utf-8")
    (tools.connect_home / "new.txt").write_text("new", encoding="utf-8")
    assembled(tools)
    third = home()
    assert (third / "new.txt").exists()
    assert maven.builds == 2, "the driver's sources are the same"
    assert [path.name for path in third.parent.glob("connect-*")] == [third.name]


def test_a_build_that_breaks_off_leaves_no_directory_and_the_next_one_makes_it(
    home: Callable[[], Path], tools: Toolchain, tmp_path: Path
):
    jar(tools.connect_home / OJDBC, "oracle/jdbc/OracleDriver.class")
    with pytest.raises(OperatorError, match=r"ojdbc11-23\.1\.jar has no META-INF/services/java\.sql\.Driver"):
        home()
    assert not list((tmp_path / "target").glob("connect-*"))
    (tmp_path / "target" / "new-killed").mkdir()
    jar(tools.connect_home / OJDBC, plugin.SERVICE_FILE)
    assert home().is_dir()
    assert not list((tmp_path / "target").glob("new-*"))


def test_a_plugin_without_ojdbc_is_refused(home: Callable[[], Path], tools: Toolchain):
    (tools.connect_home / OJDBC).unlink()
    with pytest.raises(OperatorError, match="has no ojdbc"):
        home()


def test_two_at_once_make_it_once(home: Callable[[], Path], maven: FakeMaven):
    made: list[Path] = []
    threads = [threading.Thread(target=lambda: made.append(home())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == maven.builds == 1


def test_the_driver_is_compiled_against_the_ojdbc_that_the_image_ships():
    root = Path(plugin.__file__).with_name("driver") / "pom.xml"
    version = ET.parse(root).getroot().findtext(".//{*}ojdbc.version")  # noqa: S314 - our own file
    listed = toolchain.IMAGE / "modules" / "oracle" / "checksums.sha256"
    assert f"./ojdbc11-{version}.jar\n" in listed.read_text(encoding="utf-8")
