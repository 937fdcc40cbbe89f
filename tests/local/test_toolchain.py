"""Missing prerequisites are named before anything starts; a build runs only when its sources changed."""

from pathlib import Path

import pytest

from connector.domain.errors import OperatorError
from connector.local import toolchain
from connector.local.toolchain import Toolchain

#: Speaks as `java -XshowSettings:properties -version` does.
JAVA = "#!/bin/sh\necho '    java.home = {home}' >&2\necho '    java.specification.version = {version}' >&2\n"


def program(directory: Path, name: str, text: str = "#!/bin/sh\n") -> None:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with all that is needed; tests take something away."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    program(tmp_path, "mvn")
    program(tmp_path, "curl")
    program(tmp_path, "java", JAVA.format(home="/jdk", version="21"))
    return tmp_path


def test_a_complete_machine_is_accepted(machine: Path):
    found = toolchain.find()
    assert (found.java, found.maven) == (Path("/jdk/bin/java"), str(machine / "mvn"))


@pytest.mark.parametrize(
    ("program_name", "words"),
    [
        ("mvn", "Maven is needed, but `mvn` is not on the PATH: install it"),
        ("java", "a JDK >= 17 is needed, but `java` is not on the PATH: install a JDK >= 17"),
        ("curl", "curl or wget is needed, but neither is on the PATH"),
    ],
)
def test_a_missing_program_is_named_with_what_to_do(machine: Path, program_name: str, words: str):
    (machine / program_name).unlink()
    with pytest.raises(OperatorError) as caught:
        toolchain.find()
    assert words in str(caught.value)


@pytest.mark.parametrize("version", ["1.8", "11"])
def test_a_java_that_is_too_old_is_named_with_its_version(machine: Path, version: str):
    program(machine, "java", JAVA.format(home="/jdk", version=version))
    with pytest.raises(OperatorError, match=f"java is {version}: install a JDK >= 17"):
        toolchain.find()


def test_everything_missing_is_reported_at_once(machine: Path):
    (machine / "mvn").unlink()
    (machine / "java").unlink()
    with pytest.raises(OperatorError, match="JDK.*Maven"):
        toolchain.find()


def test_java_home_goes_before_the_path(machine: Path, monkeypatch: pytest.MonkeyPatch):
    program(machine / "other" / "bin", "java", JAVA.format(home="/other", version="17"))
    monkeypatch.setenv("JAVA_HOME", str(machine / "other"))
    assert toolchain.find().java_home == Path("/other")


def test_a_child_gets_three_variables_only(machine: Path):
    assert set(Toolchain(Path("/jdk"), "mvn").environment()) == {"PATH", "JAVA_HOME", "LANG"}


def test_the_fingerprint_follows_the_sources_but_not_the_build(tmp_path: Path):
    (tmp_path / "pom.xml").write_text("a", encoding="utf-8")
    first = toolchain.fingerprint(tmp_path)
    program(tmp_path / "target", "x")
    program(tmp_path / "modules" / "one" / "target", "x")
    assert toolchain.fingerprint(tmp_path) == first
    (tmp_path / "pom.xml").write_text("b", encoding="utf-8")
    assert toolchain.fingerprint(tmp_path) != first


def test_a_failed_build_is_reported_in_mavens_words(tmp_path: Path):
    program(tmp_path, "mvn", "#!/bin/sh\necho '[INFO] x'\necho '[ERROR] Could not resolve org:x:1'\nexit 1\n")
    with pytest.raises(OperatorError, match="Maven failed: Could not resolve org:x:1"):
        toolchain.run_maven(
            Toolchain(Path("/jdk"), str(tmp_path / "mvn")), tmp_path / "pom.xml", ["package"], print
        )


def test_the_assembly_runs_once_per_state_of_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    image = tmp_path / "image"
    program(image, "pom.xml")
    monkeypatch.setattr(toolchain, "IMAGE", image)
    target = image / "target"
    program(
        tmp_path,
        "mvn",
        f"#!/bin/sh\nmkdir -p {target}/kafka/libs {target}/connect/bin\n"
        f"touch {target}/connect/bin/entrypoint.sh\necho run >>{tmp_path}/runs\n",
    )
    tools = Toolchain(Path("/jdk"), str(tmp_path / "mvn"), target)
    for _ in range(2):
        toolchain.assemble(tools, print)
    assert (tmp_path / "runs").read_text() == "run\n"
    (image / "pom.xml").write_text("changed", encoding="utf-8")
    toolchain.assemble(tools, print)
    assert (tmp_path / "runs").read_text() == "run\nrun\n"
