"""The assembled directory really started: a worker, a broker, and the metadata endpoint of a task."""

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.domain.health.metrics import metric
from connector.local import addresses, toolchain
from lambda_src.clients.metrics_page import parse, source_of
from tests.support.connect_worker import Worker, running_worker
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

#: Everything that could upset a pattern, a shell, JAAS or log4j2.
PASSWORD = "p}a$s\\w\"o'rd ü${env:PATH}%m|😀"
USER = "wms_reader"
REFUSALS = "org.apache.kafka.connect.runtime.rest.errors"


@pytest.fixture(scope="module")
def tools() -> toolchain.Toolchain:
    found = toolchain.find()
    toolchain.assemble(found, lambda _: None)
    return found


@pytest.fixture(scope="module")
def worker(tools: toolchain.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    directory = tmp_path_factory.mktemp("worker")
    secrets = {"DATABASE_USER": USER, "DATABASE_PASSWORD": PASSWORD}
    with running_worker(tools, tools.connect_home, directory, **secrets) as started:
        yield started


def test_the_worker_offers_oracle_s_connector_and_no_other_in_the_version_of_the_pom(worker: Worker):
    plugins = {
        plugin["class"]: plugin["version"] for plugin in json.loads(worker.ask("/connector-plugins")[1])
    }
    pom = (toolchain.IMAGE / "pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<debezium\.version>(.+)</debezium\.version>", pom)
    assert version
    ours = {name: found for name, found in plugins.items() if name.startswith("io.debezium.connector.")}
    assert ours == {"io.debezium.connector.oracle.OracleConnector": version[1]}


def test_the_plugin_finds_all_its_classes_when_it_validates_a_config(worker: Worker):
    config = {"connector.class": "io.debezium.connector.oracle.OracleConnector", "name": "x"}
    status, answer = worker.ask(
        "/connector-plugins/OracleConnector/config/validate", method="PUT", body=config
    )
    assert status == 200, answer
    fields = json.loads(answer)["configs"]
    missing = {field["value"]["name"] for field in fields if field["value"] and field["value"]["errors"]}
    assert "topic.prefix" in missing


def test_the_metrics_port_shows_what_of_the_heap_the_last_collection_left(worker: Worker):
    """An idle worker: well below the alarm."""
    text = worker.ask("/metrics", port=9404)[1]
    source = source_of(list(parse(text)), "nobody")
    alarm = metric("HeapAfterCollectionPercent").alarm
    assert alarm is not None
    assert source.heap_limit == pytest.approx(0.7 * (2048 << 20), rel=0.01)
    assert source.survivors is not None
    assert source.heap_percent is not None
    assert 0 < source.heap_percent < alarm.threshold / 4


def test_the_metrics_port_shows_the_worker(worker: Worker):
    status, text = worker.ask("/metrics", port=9404)
    assert status == 200
    assert re.search(r"^kafka_connect_worker_connector_count 0\.0$", text, re.MULTILINE)
    assert re.search(r"^kafka_connect_worker_rebalance_completed_rebalances_total \d", text, re.MULTILINE)


def test_the_container_s_health_check_passes_while_the_worker_answers(worker: Worker):
    script = worker.home / "bin" / "healthcheck.sh"
    assert subprocess.run([script], env=worker.environment, check=False).returncode == 0


def test_secrets_that_reach_the_log_are_masked_in_messages_and_in_stack_traces(worker: Worker):
    # At this level Connect logs a refused request with its stack trace.
    worker.ask(f"/admin/loggers/{REFUSALS}", method="PUT", body={"level": "DEBUG"})
    config = {"connector.class": f"of {PASSWORD} {USER} {worker.bootstrap}", "name": "x"}
    assert worker.ask("/connectors/x/config", method="PUT", body=config)[0] >= 400
    refusal = "Failed to find any class that implements Connector"
    wait_for(lambda: refusal in worker.text(), "the refusal is in the log")
    text = worker.text()
    assert re.search(rf"{refusal} and which name matches of \*\*\* \*\*\* \*\*\*, .* \| at org\.apache", text)
    for secret in (PASSWORD, USER, worker.bootstrap, worker.bootstrap.partition(":")[0] + ":"):
        assert secret not in text


def test_the_log_has_one_event_on_each_line(worker: Worker):
    lines = [
        line for line in worker.text().splitlines() if not line.startswith("Picked up JAVA_TOOL_OPTIONS")
    ]
    assert len(lines) > 20
    event = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO |WARN |ERROR) ")
    assert [line for line in lines if not event.match(line)] == []


def test_an_operator_s_request_is_logged_and_a_reader_s_is_not(worker: Worker):
    worker.ask("/connectors/nobody", method="DELETE")
    worker.ask("/connectors/nobody/status")
    wait_for(lambda: "DELETE /connectors/nobody" in worker.text(), "the request is logged")
    assert "GET /connectors/nobody/status" not in worker.text()


def test_a_stop_is_clean_and_takes_seconds(worker: Worker):
    """The last test of this module: it ends the worker."""
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(timeout=20) == 128 + signal.SIGTERM
    assert "Kafka Connect stopped" in worker.text()
    script = worker.home / "bin" / "healthcheck.sh"
    done = subprocess.run([script], env=worker.environment, check=False, capture_output=True)
    assert done.returncode != 0


_ORACLE_MBEANS = Path(__file__).parent / "OracleMBeans.java"


def test_oracle_s_mbeans_appear_under_the_names_that_the_readme_lists(
    tools: toolchain.Toolchain, tmp_path: Path
):
    """Debezium's own MBean interfaces with made-up values: there is no Oracle here to connect to."""
    port = addresses.free_port()
    home = tools.connect_home
    (agent,) = (home / "agent").glob("*.jar")
    command = [
        str(tools.java),
        f"-javaagent:{agent}=127.0.0.1:{port}:{home / 'conf' / 'jmx-exporter.yml'}",
        "-cp",
        f"{home / 'plugins' / 'debezium-connector-oracle'}/*:{home / 'libs'}/*",
        str(_ORACLE_MBEANS),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as java:
        assert java.stdout
        assert java.stdin
        assert java.stdout.readline() == "ready\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        java.stdin.close()
    readme = (toolchain.IMAGE / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"`(debezium_\w+)\{(\w+)=\"([\w-]+)\"", readme)
    assert len(listed) >= 15
    for name, label, value in listed:
        assert re.search(rf'^{name}\{{.*{label}="{value}".*\}} ', text, re.MULTILINE), f"no {name} {value}"
    assert re.search(
        r'^debezium_metrics_connected\{context="streaming",plugin="oracle",server="wms"\} 1\.0$',
        text,
        re.MULTILINE,
    )
    assert re.search(r"^debezium_metrics_currentscn\{.*\} 1\.23456789012E11$", text, re.MULTILINE)
    # What the functions make of it: a launch waits for the count of written records during a first snapshot.
    source = source_of(list(parse(text)), "wms")
    assert (source.written, source.in_flight, source.errors) == (1500, 12, 3)
    assert (source.streaming, source.buffered_changes) == (True, 7)


#: What the excluded libraries are for: Infinispan, Ehcache and OpenLogReplicator. XStream, tracing and a
#: serialiser lack theirs in Debezium's own archive too.
_UNUSED = re.compile(
    r"io\.debezium\.(connector\.oracle\.(proto|olr|xstream|logminer\.buffered\.(infinispan|ehcache))\.|"
    r"transforms\.tracing\.|serde\.json\.)"
)


def test_only_unused_classes_miss_what_was_left_out_of_the_plugin(tools: toolchain.Toolchain):
    jars = sorted((tools.connect_home / "plugins" / "debezium-connector-oracle").glob("*.jar"))
    libraries = sorted((tools.connect_home / "libs").glob("*.jar"))
    command = [
        str(tools.java_home / "bin" / "jdeps"),
        "--multi-release",
        "17",
        "--missing-deps",
        "--class-path",
    ]
    path = ":".join(map(str, [*jars, *libraries]))
    ours = [jar for jar in jars if jar.name.startswith("debezium-")]
    done = subprocess.run([*command, path, *map(str, ours)], capture_output=True, text=True, check=True)
    users = {
        line.split()[0] for line in done.stdout.splitlines() if line.endswith("not found") and "->" in line
    }
    users = {user for user in users if not user.endswith(".jar")}
    assert {user for user in users if not _UNUSED.match(user)} == set()
