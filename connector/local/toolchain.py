"""What must be installed, and the Maven builds that fetch the rest."""

import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.domain.errors import OperatorError
from connector.local import room
from connector.local.state import ROOT

PYTHON = (3, 11)
JDK = 17
_FETCHERS = ("curl", "wget")

#: The image's build: the very directory that ships is what runs here.
IMAGE = ROOT / "connector" / "image"

#: How Maven marks the lines of its errors, and how those begin that only point to its help.
_MARK = re.compile(r"^\[(?:ERROR|FATAL)\]")
_NO_ERROR = ("[INFO]", "[WARNING]", "[DEBUG]", "Downloading ", "Progress ", "\t", "    at ")
_HELP = ("To see the full stack trace", "Re-run Maven", "For more information", "[Help", "After correcting")

#: Takes one short line of progress.
Report = Callable[[str], None]

#: Options of the workers' and brokers' JVMs besides their own. Unless told otherwise they compile quickly
#: rather than well: a local one starts often and carries little, and a worker's start takes a third less
#: processor time. Benchmarks set it to the empty text.
JVM_OPTIONS = "WMS_LOCAL_JVM_OPTIONS"
_QUICK = "-XX:TieredStopAtLevel=1"


def jvm_options() -> str:
    """What the environment says of the JVMs' options, else the quick ones."""
    return os.environ.get(JVM_OPTIONS, _QUICK)


@dataclass(frozen=True)
class Toolchain:
    """Programs that were found, and the assembled directories they run."""

    java_home: Path
    maven: str
    image_target: Path = IMAGE / "target"

    @property
    def java(self) -> Path:
        """The Java launcher."""
        return self.java_home / "bin" / "java"

    @property
    def kafka_libs(self) -> Path:
        """Class path of the broker."""
        return self.image_target / "kafka" / "libs"

    @property
    def connect_home(self) -> Path:
        """What is /opt/connect in the image."""
        return self.image_target / "connect"

    def environment(self) -> dict[str, str]:
        """The only variables a child gets: nothing of the caller's environment leaks into the local world."""
        # curl or wget, with which the worker asks for its address, need not be in a usual place.
        others = dict.fromkeys(str(Path(tool).parent) for tool in filter(None, map(shutil.which, _FETCHERS)))
        return {
            "PATH": ":".join([str(self.java_home / "bin"), "/usr/local/bin", "/usr/bin", "/bin", *others]),
            "JAVA_HOME": str(self.java_home),
            "LANG": "C.UTF-8",
        }


def find() -> Toolchain:
    """Check all prerequisites.

    Raises OperatorError that names every missing one, what was found and what to do.
    """
    errors: list[str] = []
    if not sys.platform.startswith("linux"):
        errors.append(f"Linux is needed (for addresses 127.0.0.N), but this is {sys.platform}")
    if sys.version_info < PYTHON:
        errors.append(
            f"Python >= 3.11 is needed, but this is {sys.version.split()[0]}: create the virtualenv again"
        )
    java_home = _java_home(errors)
    maven = shutil.which("mvn")
    if maven is None:
        errors.append("Maven is needed, but `mvn` is not on the PATH: install it (Debian: apt install maven)")
    if not any(map(shutil.which, _FETCHERS)):
        errors.append(
            "curl or wget is needed, but neither is on the PATH: install one (Debian: apt install curl)"
        )
    if errors or java_home is None or maven is None:
        raise OperatorError("; ".join(errors))
    return Toolchain(java_home, maven)


def _java_home(errors: list[str]) -> Path | None:
    advice = f"install a JDK >= {JDK} (Debian: apt install openjdk-17-jdk-headless) or set JAVA_HOME to one"
    configured = os.environ.get("JAVA_HOME")
    java = str(Path(configured) / "bin" / "java") if configured else shutil.which("java")
    if java is None:
        errors.append(f"a JDK >= {JDK} is needed, but `java` is not on the PATH: {advice}")
        return None
    try:
        words = subprocess.run(
            [java, "-XshowSettings:properties", "-version"], capture_output=True, text=True, check=False
        ).stderr
    except OSError as error:
        errors.append(f"a JDK >= {JDK} is needed, but {java} cannot be run ({error.strerror}): {advice}")
        return None
    return _checked(words, java, advice, errors)


def _checked(output: str, java: str, advice: str, errors: list[str]) -> Path | None:
    version = re.search(r"java\.specification\.version = (\S+)", output)
    home = re.search(r"java\.home = (.+)", output)
    if not version or not home:
        errors.append(f"a JDK >= {JDK} is needed, but {java} does not print its version: {advice}")
        return None
    found = version.group(1)
    if int(found.split(".")[0]) < JDK:
        errors.append(f"a JDK >= {JDK} is needed, but {java} is {found}: {advice}")
        return None
    return Path(home.group(1).strip())


def assemble(tools: Toolchain, report: Report) -> None:
    """Run the image's Maven build unless its result is there and newer than every source.

    Raises OperatorError with Maven's own output.
    """
    with locked(tools.image_target):
        stamp = tools.image_target / ".sources"
        wanted = fingerprint(IMAGE)
        complete = (tools.connect_home / "bin" / "entrypoint.sh").exists() and tools.kafka_libs.is_dir()
        if complete and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return
        room.check(tools.image_target, room.BUILD_MB, "the build", "clone the repository onto another disk")
        report("assembling the Connect worker and Kafka with Maven (once; downloads into Maven's cache)")
        run_maven(tools, IMAGE / "pom.xml", ["package"], report)
        if not tools.kafka_libs.is_dir():
            raise OperatorError(f"the build of {IMAGE / 'pom.xml'} did not create {tools.kafka_libs}")
        # Asked again: a build may refresh its own list of checksums.
        stamp.write_text(fingerprint(IMAGE), encoding="utf-8")


def fingerprint(directory: Path) -> str:
    """SHA-256 over all files of a source directory, its build output (`target`) left out."""
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory)
        if path.is_file() and "target" not in relative.parts:
            digest.update(f"{relative}\0{path.stat().st_mode & 0o111}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def run_maven(tools: Toolchain, pom: Path, goals: list[str], report: Report) -> None:
    """One Maven build; `report` is called with how many artifacts were downloaded.

    Raises OperatorError with Maven's first error line.
    """
    command = [tools.maven, "-B", *_repository(), "-f", str(pom), *goals]
    downloads = 0
    errors: list[str] = []
    environment = {**os.environ, "JAVA_HOME": str(tools.java_home)}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as build:
        for line in build.stdout or ():
            if "Downloaded from" in line:
                downloads += 1
                if downloads % 20 == 0:
                    report(f"Maven: {downloads} files downloaded")
            elif not line.startswith(_NO_ERROR):
                errors.append(_MARK.sub("", line).strip())
    if build.returncode:
        raise OperatorError(f"Maven failed: {_first_error(errors)} (repeat: {shlex.join(command)})")


def _first_error(lines: list[str]) -> str:
    """The first line that says what is wrong, not where Maven's help is."""
    said = [line for line in lines if line and not line.startswith(_HELP)]
    return next(iter(said), "no error line")


def _repository() -> list[str]:
    """Where Maven keeps what it has downloaded, if its usual place cannot be written to.

    Java takes the home directory from the user's entry, not from HOME.
    """
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        home = Path(os.devnull)
    found = home / ".m2"
    if os.access(found if found.exists() else home, os.W_OK):
        return []
    return [f"-Dmaven.repo.local={ROOT / '.tools' / 'm2'}"]


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """One build at a time: two commands that find nothing assembled must not both write."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
