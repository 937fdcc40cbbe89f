"""The plugin of the kind `jdbc`: in the image only where a file names it, by checksum."""

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from connector.domain.errors import OperatorError
from connector.image_publishing import content, jdbc_plugin, tools
from connector.image_publishing.image import Image
from tests.image_publishing.fake_tools import Shell

URL = "https://plugins.example/confluentinc-kafka-connect-jdbc-10.8.4.zip"
SHA256 = "ab" * 32
_ROOT = "confluentinc-kafka-connect-jdbc-10.8.4"
#: What such a zip holds.
FILES = {
    f"{_ROOT}/lib/kafka-connect-jdbc-10.8.4.jar": b"plugin",
    f"{_ROOT}/lib/ojdbc8-19.7.0.0.jar": b"another driver",
    f"{_ROOT}/lib/postgresql-42.4.4.jar": b"postgres",
    f"{_ROOT}/doc/licenses/LICENSE.txt": b"Confluent Community License",
    f"{_ROOT}/manifest.json": b"{}",
}


def text(url: str = URL, sha256: str = SHA256) -> str:
    return f"# a comment\nJDBC_PLUGIN_URL={url}\nJDBC_PLUGIN_SHA256={sha256}\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A copy of the image's sources."""
    ignored = shutil.ignore_patterns("target", "broker")
    return Path(shutil.copytree(content.IMAGE, tmp_path / "image", ignore=ignored))


def test_the_checkout_names_none():
    assert jdbc_plugin.read(content.IMAGE) is None
    assert "Confluent Community License 1.0" in (content.IMAGE / jdbc_plugin.FILE).read_text(encoding="utf-8")


def test_a_plugin_that_is_named_changes_the_tag_and_so_does_its_content(image: Path):
    tags = [content.tag(image)]
    for sha256 in (SHA256, "cd" * 32):
        (image / jdbc_plugin.FILE).write_text(text(sha256=sha256), encoding="utf-8")
        tags.append(content.tag(image))
    (image / jdbc_plugin.FILE).write_text(text("https://mirror.example/x.zip", "cd" * 32), encoding="utf-8")
    assert content.tag(image) == tags[-1], "where it comes from does not matter"
    assert len(set(tags)) == 3


def test_without_the_file_the_tag_is_that_without_a_plugin(image: Path):
    before = content.tag(image)
    (image / jdbc_plugin.FILE).unlink()
    assert content.tag(image) == before


def test_the_build_is_given_it_and_says_its_licence(image: Path):
    (image / jdbc_plugin.FILE).write_text(text(), encoding="utf-8")
    shell, lines = Shell(failing={"buildah inspect": "no such image"}), list[str]()
    Image.of(image, image / "bases.env").build(tools.buildah(shell), lines.append)
    (command,) = shell.ran("buildah build")
    assert f"--build-arg=JDBC_PLUGIN_URL={URL}" in command
    assert f"--build-arg=JDBC_PLUGIN_SHA256={SHA256}" in command
    assert lines[-1] == f"with the JDBC plugin {URL} (Confluent Community License 1.0)"


def test_without_a_plugin_the_build_is_given_none(image: Path):
    shell = Shell(failing={"buildah inspect": "no such image"})
    Image.of(image, image / "bases.env").build(tools.buildah(shell), lambda _: None)
    assert "JDBC_PLUGIN" not in shell.ran("buildah build")[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (text(url="http://plugins.example/x.zip"), "is not the https address of a zip"),
        (text(url="https://x.example/$(id).zip"), "is not the https address of a zip"),
        (text(url=""), "is not the https address of a zip"),
        (text(sha256=""), "is not a SHA-256 of 64 hex digits"),
        (text(sha256="AB" * 32), "is not a SHA-256 of 64 hex digits"),
        ("JDBC_PLUGIN_URL=\n", "must name JDBC_PLUGIN_URL and JDBC_PLUGIN_SHA256, once each"),
        (text() + "JDBC_PLUGIN_URL=\n", "must name JDBC_PLUGIN_URL and JDBC_PLUGIN_SHA256, once each"),
        (text() + "OTHER=1\n", "must name JDBC_PLUGIN_URL and JDBC_PLUGIN_SHA256, once each"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(given: str, message: str):
    with pytest.raises(OperatorError, match=message):
        jdbc_plugin.parse(given, jdbc_plugin.FILE)


class Assembled:
    """A directory as Maven leaves it, and a `curl` that hands out `archive`."""

    def __init__(self, base: Path) -> None:
        self.base, self.archive = base, base / "plugin.zip"
        self.place = base / "target" / "connect" / "plugins" / "confluent-jdbc"
        debezium = self.place.with_name("debezium-connector-oracle")
        debezium.mkdir(parents=True)
        (debezium / "ojdbc11-23.jar").write_bytes(b"our driver")
        self.zip(FILES)
        self.program(
            "curl", f'for last; do :; done; while [ "$1" != -o ]; do shift; done; cp {self.archive} "$2"'
        )
        # Of the JDK; unpacking is what counts.
        self.program("jar", 'python3 -m zipfile -e "$2" .')

    def program(self, name: str, script: str) -> None:
        (self.base / "bin").mkdir(exist_ok=True)
        file = self.base / "bin" / name
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def zip(self, files: dict[str, bytes]) -> None:
        with zipfile.ZipFile(self.archive, "w") as made:
            for name, data in files.items():
                made.writestr(name, data)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.archive.read_bytes()).hexdigest()

    def run(self, url: str, sha256: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(content.IMAGE / "modules" / "jdbc-plugin.sh"), url, sha256],
            cwd=self.base,
            env={"PATH": f"{self.base / 'bin'}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def files(self) -> set[str]:
        return {str(path.relative_to(self.place)) for path in self.place.rglob("*") if path.is_file()}


@pytest.fixture
def assembled(tmp_path: Path) -> Assembled:
    return Assembled(tmp_path)


def test_the_plugin_goes_into_a_directory_of_its_own_with_its_licence_and_our_driver(assembled: Assembled):
    done = assembled.run(URL, assembled.sha256)
    assert done.returncode == 0, done.stderr
    assert "Confluent Community License 1.0" in done.stdout
    assert assembled.files() == {
        "lib/kafka-connect-jdbc-10.8.4.jar",
        "lib/postgresql-42.4.4.jar",
        "lib/ojdbc11-23.jar",
        "doc/licenses/LICENSE.txt",
    }


def test_without_a_plugin_nothing_is_done(assembled: Assembled):
    done = assembled.run("", "")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not assembled.place.exists()


def test_another_content_is_refused_with_both_checksums(assembled: Assembled):
    done = assembled.run(URL, SHA256)
    assert done.returncode == 1
    assert assembled.sha256 in done.stderr
    assert SHA256 in done.stderr
    assert not assembled.place.exists()


def test_another_plugin_is_refused(assembled: Assembled):
    assembled.zip({"other-1/lib/other.jar": b"x"})
    done = assembled.run(URL, assembled.sha256)
    assert done.returncode == 1
    assert "it is another plugin" in done.stderr


def test_an_address_without_tls_is_refused(assembled: Assembled):
    done = assembled.run("http://plugins.example/x.zip", assembled.sha256)
    assert (done.returncode, "must begin with https://" in done.stderr) == (1, True)
