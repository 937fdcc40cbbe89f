"""What the image's directory holds: the listed files, all of them used, each with its licence."""

import hashlib
import zipfile
from functools import cache
from pathlib import Path

import pytest

from connector.image_publishing import content
from connector.local import toolchain
from connector.local.oracle import plugin
from tests.conftest import Golden
from tests.image.class_graph import ClassPath
from tests.image.licences import paper, read

pytestmark = pytest.mark.e2e

_KAFKA = "org/apache/kafka/"
#: Where the worker begins: its main class, and what worker.properties, the task definition and the log's
#: configuration name.
_WORKER = (
    f"{_KAFKA}connect/cli/ConnectDistributed",
    f"{_KAFKA}connect/json/JsonConverter",
    f"{_KAFKA}common/config/provider/EnvVarConfigProvider",
    f"{_KAFKA}common/security/scram/ScramLoginModule",
    f"{_KAFKA}common/security/authenticator/SaslClientCallbackHandler",
    "software/amazon/msk/auth/iam/IAMLoginModule",
    "software/amazon/msk/auth/iam/IAMClientCallbackHandler",
    "org/slf4j/impl/StaticLoggerBinder",
    "org/apache/logging/log4j/core/config/xml/XmlConfiguration",
)
_PLUGIN = "debezium-connector-oracle"


@pytest.fixture(scope="module")
def home() -> Path:
    """The assembled directory."""
    found = toolchain.find()
    toolchain.assemble(found, lambda _: None)
    return found.connect_home


@cache
def _class_path(directory: Path) -> ClassPath:
    """Read once: some thousand classes are many seconds' work."""
    return ClassPath.of(sorted(directory.glob("*.jar")))


def test_the_assembled_directory_is_what_the_image_s_tag_is_made_from(home: Path):
    there = {
        path: hashlib.sha256(path.read_bytes()).hexdigest() for path in home.rglob("*") if path.is_file()
    }
    assert {str(path.relative_to(home)): digest for path, digest in there.items()} == content.files()


def test_every_jar_of_the_worker_is_used_by_the_worker_or_by_the_plugin(home: Path):
    libraries = _class_path(home / "libs")
    transforms = (name for name in libraries.jar if name.startswith(f"{_KAFKA}connect/transforms/"))
    plugin = _class_path(home / "plugins" / _PLUGIN).named()
    assert libraries.unused({*_WORKER, *transforms, *plugin}) == set()


def test_there_is_one_plugin(home: Path):
    assert [path.name for path in (home / "plugins").iterdir()] == [_PLUGIN]


def test_every_jar_of_the_plugin_is_used_by_what_it_offers_to_connect(home: Path):
    found = _class_path(home / "plugins" / _PLUGIN)
    assert found.unused(found.provided(f"{_KAFKA}connect/")) == set()


def test_a_jar_that_nothing_names_would_be_found(home: Path):
    """The broker's own, beside the worker's."""
    jars = [*(home / "libs").glob("*.jar"), *(home.parent / "kafka" / "libs").glob("kafka-raft-*.jar")]
    assert any(name.startswith("kafka-raft") for name in ClassPath.of(jars).unused(_WORKER))


def test_each_file_is_listed_with_its_licence(home: Path, golden: Golden):
    """After a change of a version: pytest --rewrite-golden tests/image/test_contents.py, and review."""
    golden(toolchain.IMAGE / "LICENCES.md", paper(read(home)))


def test_the_local_world_s_driver_is_beside_the_image_and_not_in_it(home: Path):
    local = plugin.worker_home(toolchain.find(), lambda _: None)
    assert (local / plugin.PLUGIN / plugin.JAR).exists()
    # The listing is the image's tag: what is in neither cannot be in the image.
    there = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert there == content.files().keys()
    assert not [name for name in there if "stand-in" in name]
    for directory in (home / "libs", home / plugin.PLUGIN):
        assert not [name for name in _class_path(directory).jar if name.startswith("wms/")]
    (ojdbc,) = (home / plugin.PLUGIN).glob("ojdbc*.jar")
    with zipfile.ZipFile(ojdbc) as shipped, zipfile.ZipFile(local / plugin.PLUGIN / ojdbc.name) as copied:
        assert set(shipped.namelist()) - set(copied.namelist()) == {plugin.SERVICE_FILE}
    # Docker sees the image's sources alone.
    assert not plugin.DRIVER.is_relative_to(toolchain.IMAGE)
    assert not local.is_relative_to(toolchain.IMAGE)
