"""The local world's worker directory: the image's, with the stand-in's driver in the Oracle plugin.

The copy has hard links to the image's files, because Connect resolves symbolic ones and would load the
original. Two files of one plugin differ: the driver's jar is added, and ojdbc's is a copy without its service
file. Of several drivers that take a URL, DriverManager asks the one registered first and throws its error if
all fail, so ojdbc must not register itself. Nothing is written into the image's directory.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from connector.domain.errors import OperatorError
from connector.local import toolchain
from connector.local.toolchain import Report, Toolchain

DRIVER = Path(__file__).with_name("driver")
#: Plugin that gets the driver, below the worker's directory.
PLUGIN = Path("plugins") / "debezium-connector-oracle"
JAR = "oracle-stand-in.jar"
SERVICE_FILE = "META-INF/services/java.sql.Driver"

_TARGET = DRIVER / "target"


def worker_home(tools: Toolchain, report: Report, target: Path = _TARGET) -> Path:
    """What is /opt/connect in the image, with the stand-in's driver: built when it or the image changed.

    Assembles the image's directory first. `target` is where builds go. Raises OperatorError with Maven's
    words.
    """
    toolchain.assemble(tools, report)
    with toolchain.locked(target):
        driver = _built(tools, report, target)
        home = target / f"connect-{_key(tools)}"
        if not home.is_dir():
            _assemble(tools.connect_home, driver, home)
        return home


def without_service_file(jar: Path, copy: Path) -> None:
    """Write `copy`, which has every entry of `jar` but its java.sql.Driver service file.

    Raises OperatorError if it has none: then it is no JDBC driver that registers itself.
    """
    with zipfile.ZipFile(jar) as original, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as ours:
        entries = original.infolist()
        if SERVICE_FILE not in original.namelist():
            raise OperatorError(f"{jar.name} has no {SERVICE_FILE}: is it still ojdbc?")
        for entry in entries:
            if entry.filename != SERVICE_FILE:
                ours.writestr(entry, original.read(entry), compresslevel=1)


def _key(tools: Toolchain) -> str:
    """Changes with the image's sources, the driver's and this module: it says which copy is the right one."""
    parts = (str(tools.connect_home), toolchain.fingerprint(toolchain.IMAGE), toolchain.fingerprint(DRIVER))
    return hashlib.sha256("\0".join(parts).encode() + Path(__file__).read_bytes()).hexdigest()[:16]


def _built(tools: Toolchain, report: Report, target: Path) -> Path:
    jar = target / JAR
    stamp = target / ".sources"
    wanted = toolchain.fingerprint(DRIVER)
    if jar.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return jar
    report("building the stand-in's JDBC driver with Maven (once)")
    shutil.rmtree(target / "classes", ignore_errors=True)  # a class whose source is gone
    where = f"-Dstand-in.target={target}"
    toolchain.run_maven(tools, DRIVER / "pom.xml", [where, "compile", "jar:jar"], report)
    stamp.write_text(wanted, encoding="utf-8")
    return jar


def _assemble(image: Path, driver: Path, home: Path) -> None:
    """Make `home` beside its final place and rename it, so that it is there whole or not at all."""
    for broken_off in home.parent.glob("new-*"):
        shutil.rmtree(broken_off)
    scratch = Path(tempfile.mkdtemp(prefix="new-", dir=home.parent))
    try:
        made = scratch / home.name
        shutil.copytree(image, made, copy_function=os.link)
        plugin = made / PLUGIN
        shutil.copyfile(driver, plugin / JAR)
        for jar in _ojdbc(plugin):
            jar.unlink()  # the link; the image's file stays
            without_service_file(image / PLUGIN / jar.name, jar)
        made.rename(home)
    finally:
        shutil.rmtree(scratch)
    # As a new build of the image does with its files, this takes them from a worker that still runs.
    for old in home.parent.glob("connect-*"):
        if old != home:
            shutil.rmtree(old)


def _ojdbc(plugin: Path) -> list[Path]:
    found = sorted(plugin.glob("ojdbc*.jar"))
    if not found:
        raise OperatorError(f"{plugin} has no ojdbc: the plugin's archive brings other files than it did")
    return found
