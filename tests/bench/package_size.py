"""The zip of the functions, and what starts: seconds until a handler, a command and a rendering are there.

Run as `python -m tests.bench.package_size` (`make bench`). Each figure but the bytes is the median of cold
processes. A handler is imported from the unpacked zip, with nothing beside it but boto3 and its dependencies
as this checkout has them, and without compiled files: Lambda's file system cannot be written to, so Python
compiles the code at each cold start. The commands run as they are installed.
"""

import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from connector.local.state import ROOT
from lambda_src import packaging
from tests.bench.worker_memory import say
from tests.support.wms_cli import PROGRAM

#: The most that is promised.
ZIP_BYTES = 1_200_000
IMPORT_SECONDS = 0.4
RENDER_SECONDS = 0.9
HELP_SECONDS = 0.4
_TIMES = 5
#: What Lambda's Python runtime has: boto3 and its dependencies (AWS Lambda Developer Guide, "Building Lambda
#: functions with Python", and "Working with .zip file archives for Python Lambda functions").
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")


class Sizes(NamedTuple):
    """Bytes, and seconds as medians of a few cold processes."""

    zip_bytes: int
    zip_files: int
    #: Handler's module -> seconds that its import takes, Python's own start not counted.
    imports: Mapping[str, float]
    #: The same with the clients of AWS, Kafka and HTTP, which a handler imports when it first needs them.
    imports_with_clients: Mapping[str, float]
    render: float
    help: float

    def missed(self) -> list[str]:
        """The figures that are above what is promised, for people."""
        found = [] if self.zip_bytes <= ZIP_BYTES else [f"zip {self.zip_bytes} bytes"]
        found += [
            f"import {name} {took:.2f} s" for name, took in self.imports.items() if took > IMPORT_SECONDS
        ]
        found += [f"render {self.render:.2f} s"] if self.render > RENDER_SECONDS else []
        return found + ([f"--help {self.help:.2f} s"] if self.help > HELP_SECONDS else [])


def measure() -> Sizes:
    """All figures. RuntimeError if a process fails."""
    package = packaging.build_package()
    modules = [handler.rpartition(".")[0] for handler in packaging.HANDLERS]
    with tempfile.TemporaryDirectory() as directory:
        code, runtime = Path(directory, "code"), Path(directory, "runtime")
        with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
            archive.extractall(code)
        runtime.mkdir()
        site = Path(str(metadata.distribution("boto3").locate_file("")))
        for name in RUNTIME:
            if (site / name).exists():
                (runtime / name).symlink_to(site / name)
        path = [str(code), str(runtime)]
        clients = ("boto3", "lambda_src.clients.kafka_admin", "lambda_src.clients.http_transport")
        imports = {name: _import_seconds(path, name) for name in modules}
        all_of_it = {name: _import_seconds(path, name, *clients) for name in modules}
        render = _command_seconds("render", "main", "--out", str(Path(directory, "rendered")))
    return Sizes(
        len(package.content), len(package.members), imports, all_of_it, render, _command_seconds("--help")
    )


def _import_seconds(path: Sequence[str], *modules: str) -> float:
    script = f"import sys, time; sys.path[:0] = {list(path)!r}; began = time.perf_counter()\n"
    script += "".join(f"import {name}\n" for name in modules) + "print(time.perf_counter() - began)"
    # Isolated, without packages of this checkout, and leaving no compiled file behind for the next one.
    words = [sys.executable, "-I", "-S", "-B", "-c", script]
    return statistics.median(float(_run(words)) for _ in range(_TIMES))


def _command_seconds(*words: str) -> float:
    took = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        _run([PROGRAM, *words])
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _run(words: Sequence[str | Path]) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr[-2000:]}")
    return done.stdout


def main() -> int:
    """Print the figures; 1 if one is above its limit."""
    found = measure()
    say(f"  zip: {found.zip_bytes} bytes of {found.zip_files} files, at most {ZIP_BYTES} are promised")
    for name, seconds in found.imports.items():
        say(
            f"  import {name}: {seconds:.2f} s, at most {IMPORT_SECONDS} s are promised; "
            f"with all clients {found.imports_with_clients[name]:.2f} s"
        )
    say(f"  wms-connector render main: {found.render:.2f} s, at most {RENDER_SECONDS} s are promised")
    say(f"  wms-connector --help: {found.help:.2f} s, at most {HELP_SECONDS} s are promised")
    return int(bool(found.missed()))


if __name__ == "__main__":
    sys.exit(main())
