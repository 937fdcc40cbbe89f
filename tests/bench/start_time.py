"""How long the worker takes until its REST interface answers, by the way in which it finds its plugins.

Run as `python -m tests.bench.start_time` (`make bench`). Each way is started alternately, with the same
directory, plugins, broker and memory; only `plugin.discovery` differs. `hybrid_warn` is Connect's default.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.local import addresses, broker, toolchain
from connector.local.toolchain import Toolchain
from tests.bench.worker_home import with_properties
from tests.support.metadata import metadata_endpoint
from tests.support.worker_environment import task_environment

OURS, DEFAULT = "service_load", "hybrid_warn"
#: The issue asks for no more than this share of the default's time.
WANTED = 0.6
_SETTING = "plugin.discovery"
_MEMORY = "-XX:MaxRAM=2560m"
#: `/` answers when the interface is up, `/connectors` when the worker has joined its group.
_PATHS = ("/", "/connectors")
_TIMEOUT_SECONDS = 180

Times = dict[str, dict[str, list[float]]]


def measure(home: Path, address: str, environment: dict[str, str], log: Path) -> dict[str, float]:
    """Path -> seconds from the start of the process until it answers 200; then the worker is stopped."""
    waiting = list(_PATHS)
    found: dict[str, float] = {}
    with log.open("ab") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            [home / "bin" / "entrypoint.sh"],
            env={**environment, "CONNECT_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while waiting:
                if process.poll() is not None or time.monotonic() - began > _TIMEOUT_SECONDS:
                    sys.exit(f"the worker did not answer {waiting[0]}; its log is {log}")
                if _answers(f"http://{address}:8083{waiting[0]}"):
                    found[waiting.pop(0)] = time.monotonic() - began
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    return found


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - http, by the caller
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def world(tools: Toolchain, directory: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A broker, a metadata endpoint, and the environment of a task; yields the task's address too."""
    ours = addresses.claim((8083, 9404))
    kafka = addresses.claim(broker.PORTS)
    files = broker.files(directory / "kafka")
    running = broker.start(directory / "kafka", kafka.address, tools, directory / "kafka.log", files)
    try:
        broker.wait(running, kafka.address)
        with metadata_endpoint(ours.address) as uri:
            yield (
                ours.address,
                {
                    **tools.environment(),
                    "CONNECT_TMP": str(directory),
                    "ECS_CONTAINER_METADATA_URI_V4": uri,
                    "JAVA_TOOL_OPTIONS": _MEMORY,
                    **task_environment(),
                    "KAFKA_BOOTSTRAP_SERVERS": broker.owner_access(kafka.address),
                },
            )
    finally:
        broker.stop(running)
        ours.release()
        kafka.release()


def main() -> int:
    """Measure and print; 1 when the interface is not up within the wanted share of the default's time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="starts of each way (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        times = starts(Path(directory), options.runs)
    return int(report(times, as_json=options.json)[_PATHS[0]] > WANTED)


def starts(directory: Path, runs: int) -> Times:
    """Way -> path -> the seconds of each run, both ways in turn."""
    tools = toolchain.find()
    toolchain.assemble(tools, lambda line: print(line, file=sys.stderr))
    times: Times = {way: {path: [] for path in _PATHS} for way in (OURS, DEFAULT)}
    homes = {way: with_properties(tools.connect_home, directory / way, {_SETTING: way}) for way in times}
    with world(tools, directory) as (address, environment):
        # One start of each that does not count: it makes the topics and warms the file cache.
        for run in range(runs + 1):
            for way, home in homes.items():
                found = measure(home, address, environment, directory / f"{way}.log")
                print(f"{way} {run or 'warm-up'}: {found['/']:.2f} s", file=sys.stderr)
                for path, seconds in found.items() if run else ():
                    times[way][path].append(seconds)
    return times


def report(times: Times, *, as_json: bool) -> dict[str, float]:
    """Print the medians of both ways; answers their ratio by path."""
    medians = {way: {path: statistics.median(each) for path, each in at.items()} for way, at in times.items()}
    ratios = {path: medians[OURS][path] / medians[DEFAULT][path] for path in _PATHS}
    if as_json:
        facts = {"cpus": os.cpu_count(), "seconds": times, "medians": medians, "ratios": ratios}
        print(json.dumps({**facts, "wanted": WANTED}, indent=2))
        return ratios
    for path in _PATHS:
        ours, default = medians[OURS][path], medians[DEFAULT][path]
        print(
            f"GET {path} answers after {ours:.2f} s with {OURS}, {default:.2f} s with {DEFAULT} "
            f"(medians of {len(times[OURS][path])}): {ratios[path]:.2f}, wanted <= {WANTED}"
        )
    return ratios


if __name__ == "__main__":
    sys.exit(main())
