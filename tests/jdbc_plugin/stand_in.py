"""The worker's directory with a stand-in for Confluent's JDBC plugin, which this project may not ship.

The plugin's class is this directory's own (JdbcSourceConnector.java says what it is and is not).
"""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from connector.local.oracle.plugin import JAR, PLUGIN
from connector.local.toolchain import Toolchain

_SOURCE = Path(__file__).with_name("JdbcSourceConnector.java")
#: The plugin's place beside Debezium's, as the Dockerfile puts the real one.
PLACE = Path("plugins") / "confluent-jdbc"
_SERVICE = "META-INF/services/org.apache.kafka.connect.source.SourceConnector"
_CLASS = "io.confluent.connect.jdbc.JdbcSourceConnector"


def with_jdbc(tools: Toolchain, home: Path, target: Path) -> Path:
    """A copy of the worker's directory `home` in `target`, by hard links, with the plugin and a driver."""
    made = target / "connect-with-jdbc"
    shutil.copytree(home, made, copy_function=os.link)
    classes, place = target / "classes", made / PLACE
    place.mkdir()
    compiler = [str(tools.java_home / "bin" / "javac"), "-d", str(classes)]
    path = os.pathsep.join(map(str, (home / "libs").glob("*.jar")))
    subprocess.run([*compiler, "-cp", path, str(_SOURCE)], check=True, capture_output=True, text=True)
    with zipfile.ZipFile(place / "jdbc-stand-in.jar", "w") as jar:
        for file in sorted(classes.rglob("*.class")):
            jar.write(file, file.relative_to(classes))
        jar.writestr(_SERVICE, f"{_CLASS}\n")
    # As the Dockerfile does with ojdbc: a plugin sees its own jars only.
    os.link(home / PLUGIN / JAR, place / JAR)
    return made
