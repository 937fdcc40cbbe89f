"""The brokers' own classes: who a connection is on the listeners of the local world."""

import hashlib
import subprocess
import tempfile
from pathlib import Path

from connector.domain.errors import OperatorError
from connector.local import toolchain
from connector.local.toolchain import Toolchain

_SOURCES = Path(__file__).with_name("src")
_TARGET = Path(__file__).with_name("target")


def compiled(tools: Toolchain, target: Path = _TARGET) -> Path:
    """The directory with the compiled classes; compiles them if they or Kafka have changed.

    Raises OperatorError with the compiler's words.
    """
    key = hashlib.sha256(toolchain.fingerprint(_SOURCES).encode())
    key.update("\0".join(sorted(jar.name for jar in tools.kafka_libs.glob("*.jar"))).encode())
    classes = target / key.hexdigest()[:16]
    with toolchain.locked(target):
        if not classes.is_dir():
            _compile(tools, classes)
    return classes


def _compile(tools: Toolchain, classes: Path) -> None:
    """Compile beside the final place and rename, so that it is there whole or not at all."""
    scratch = Path(tempfile.mkdtemp(prefix="new-", dir=classes.parent))
    sources = [str(path) for path in sorted(_SOURCES.rglob("*.java"))]
    command = [
        str(tools.java.with_name("javac")),
        "-cp",
        f"{tools.kafka_libs}/*",
        "-d",
        str(scratch),
        *sources,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=tools.environment(), check=False)
    except OSError as error:
        raise OperatorError(
            f"{command[0]} cannot be run ({error.strerror}): install a JDK, not only a JRE, or "
            "set JAVA_HOME to one"
        ) from None
    if done.returncode:
        raise OperatorError(f"the brokers' classes cannot be compiled: {done.stderr.strip()[-400:]}")
    scratch.rename(classes)
