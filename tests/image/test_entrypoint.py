"""The entrypoint, with a stand-in for Java that writes down what it was given."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.metadata import metadata_endpoint
from tests.support.worker_environment import task_environment

SCRIPT = Path(__file__).parents[2] / "connector" / "image" / "bin" / "entrypoint.sh"
ADDRESS = "127.0.0.77"
_NOTE = """printf '%s\\0' "$@" >"{file}.arguments"; exec env -0 >"{file}\""""


@dataclass(frozen=True)
class Started:
    """What a run of the script came to."""

    status: int
    errors: str
    arguments: list[str]
    environment: Mapping[str, str]

    @property
    def mask(self) -> str:
        return self.environment["CONNECT_LOG_MASK"]

    def masked(self, line: str) -> str:
        """`line` as the log would show it. Java joins a surrogate pair in a pattern, Python does not."""
        pattern = re.sub(r"(?:\\u[0-9A-F]{4})+", lambda found: re.escape(_decoded(found[0])), self.mask)
        return re.sub(pattern, "***", line)


def _decoded(literal: str) -> str:
    return bytes.fromhex(literal.replace("\\u", "")).decode("utf-16-be")


class Home:
    """A CONNECT_HOME without a worker, and a Java and a sleep that do nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "agent").mkdir()
        (root / "agent" / "agent-1.jar").touch()
        self._program("java/bin/java", _NOTE.format(file=root / "given"))
        self._program("path/sleep", "exit 0")

    def start(self, uri: str, **changes: str) -> Started:
        for old in self.root.glob("given*"):
            old.unlink()
        environment = {
            "PATH": f"{self.root / 'path'}:{os.environ['PATH']}",
            "JAVA_HOME": str(self.root / "java"),
            "CONNECT_HOME": str(self.root),
            "CONNECT_TMP": str(self.root),
            "ECS_CONTAINER_METADATA_URI_V4": uri,
            **task_environment(),
            **changes,
        }
        done = subprocess.run(
            [SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        pairs = dict(entry.split("=", 1) for entry in self._noted("given"))
        return Started(done.returncode, done.stderr, self._noted("given.arguments"), pairs)

    def _noted(self, name: str) -> list[str]:
        file = self.root / name
        return file.read_text(encoding="utf-8").split("\0")[:-1] if file.exists() else []

    def _program(self, name: str, body: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_task_s_address_comes_from_the_metadata_and_reaches_worker_metrics_and_health_check(home: Home):
    with metadata_endpoint(ADDRESS) as uri:
        started = home.start(uri)
    assert (started.status, started.errors) == (0, "")
    assert started.environment["TASK_ADDRESS"] == ADDRESS
    assert f"-javaagent:agent/agent-1.jar={ADDRESS}:9404:conf/jmx-exporter.yml" in started.arguments
    assert (home.root / "task-address").read_text() == f"{ADDRESS}\n"


def test_a_network_that_is_attached_late_is_waited_for(home: Home):
    with metadata_endpoint(ADDRESS, attached_after=2) as uri:
        assert home.start(uri).environment["TASK_ADDRESS"] == ADDRESS


def test_without_an_address_it_ends_with_one_line_and_starts_nothing(home: Home):
    with metadata_endpoint(ADDRESS, attached_after=1000) as uri:
        started = home.start(uri)
    assert started.status == 1
    assert re.fullmatch(r"kafka-connect: ECS did not answer this task's address .*\n", started.errors)
    assert started.arguments == []


@pytest.mark.parametrize("name", [*task_environment(), "ECS_CONTAINER_METADATA_URI_V4"])
def test_a_missing_variable_is_named_in_one_line(home: Home, name: str):
    started = home.start(**{"uri": "http://127.0.0.1:1", name: ""})
    assert started.status == 1
    assert started.errors.splitlines() == [
        f"kafka-connect: the environment variable {name} is missing or empty; the task definition sets it"
    ]


def test_only_the_given_directory_is_used_for_temporary_files_and_no_secret_is_an_argument(home: Home):
    with metadata_endpoint(ADDRESS) as uri:
        started = home.start(uri, DATABASE_PASSWORD="s3cret-of-the-database")
    assert f"-Djava.io.tmpdir={home.root}" in started.arguments
    assert "-XX:-UsePerfData" in started.arguments
    assert not any("s3cret" in argument or "bigmac" in argument for argument in started.arguments)


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
_AWKWARD = st.sampled_from(
    ["}", "${", "$1", "\\", '"', "'", "\\Q\\E", "%m", "a|b", "***", "ü", "漢", "😀", "{}{x}", " "]
)
_PASSWORD = (
    st.lists(_TEXT | _AWKWARD, min_size=1, max_size=4).map("".join).filter(lambda text: text != "unused")
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=_PASSWORD, kafka=_PASSWORD)
def test_whatever_a_password_is_made_of_the_mask_matches_it_and_breaks_nothing(
    home: Home, password: str, kafka: str
):
    with metadata_endpoint(ADDRESS) as uri:
        started = home.start(uri, DATABASE_PASSWORD=password, KAFKA_PASSWORD=kafka, DATABASE_USER="somebody")
    assert re.fullmatch(r"(?:\\u[0-9A-F]{4}|[|()?<!\[\]\\w.0-9-])+", started.mask), (
        "nothing that could end a pattern"
    )
    parts = started.mask.split("|")
    assert _decoded(parts[0]) == password
    assert _decoded(parts[1]) == kafka
    assert _decoded(parts[2]) == started.environment["KAFKA_PASSWORD"]
    assert started.environment["DATABASE_PASSWORD"] == password


def test_the_broker_string_is_masked_as_a_whole_by_broker_and_by_host(home: Home):
    with metadata_endpoint(ADDRESS) as uri:
        started = home.start(uri, KAFKA_BOOTSTRAP_SERVERS="b-1.bigmac.example:9096,10.0.0.1:9096")
    assert started.masked("to b-1.bigmac.example:9096,10.0.0.1:9096.") == "to ***."
    assert started.masked("node 10.0.0.1:9096 (id: 2)") == "node *** (id: 2)"
    assert started.masked("cannot resolve b-1.bigmac.example") == "cannot resolve ***"
    assert started.masked("worker 10.0.0.12:8083") == "worker 10.0.0.12:8083"


def test_a_user_s_name_is_masked_as_a_word_so_that_topics_stay_readable(home: Home):
    with metadata_endpoint(ADDRESS) as uri:
        started = home.start(uri, DATABASE_USER="wms")
    assert started.masked('authentication failed for user "wms"') == 'authentication failed for user "***"'
    assert started.masked("wms.WMS.PLAN wms-connector-main") == "wms.WMS.PLAN wms-connector-main"


def test_credentials_that_are_not_used_mask_nothing(home: Home):
    with metadata_endpoint(ADDRESS) as uri:
        assert home.start(uri).masked("an unused segment") == "an unused segment"


def test_without_a_private_authority_the_worker_trusts_what_java_trusts(home: Home):
    with metadata_endpoint(ADDRESS) as uri:
        started = home.start(uri)
    assert started.environment["KAFKA_TRUSTSTORE_TYPE"] == "JKS"
    assert started.environment["KAFKA_TRUSTSTORE_LOCATION"].endswith("/lib/security/cacerts")


def test_a_private_authority_is_written_where_the_worker_may_write_and_trusted_alone(home: Home):
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\\n%s\n-----END CERTIFICATE-----"
    with metadata_endpoint(ADDRESS) as uri:
        started = home.start(uri, KAFKA_CERTIFICATE_AUTHORITY=pem)
    assert started.environment["KAFKA_TRUSTSTORE_TYPE"] == "PEM"
    written = Path(started.environment["KAFKA_TRUSTSTORE_LOCATION"])
    assert written.parent == home.root
    assert written.read_text(encoding="utf-8") == f"{pem}\n"


def test_a_scram_password_is_passed_on_as_a_jaas_string_needs_it(home: Home):
    with metadata_endpoint(ADDRESS) as uri:
        started = home.start(uri, KAFKA_USERNAME="reader", KAFKA_PASSWORD='a"b\\c$d')
    assert started.environment["KAFKA_PASSWORD"] == 'a\\"b\\\\c$d'
    assert started.masked('password="a\\"b\\\\c$d"') == 'password="***"'
