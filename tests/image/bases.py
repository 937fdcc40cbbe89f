"""The image's two bases, made on this machine from Debian's packages: no container registry is needed.

They stand in for the official ones: the same Java version, the same user tools, another distribution.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Debian's packages that make up each base.
_PACKAGES = {
    "jre": "openjdk-17-jre-headless,curl,ca-certificates",
    "maven": "openjdk-17-jdk-headless,maven,ca-certificates",
}
_SUITE = "bookworm"
#: Whom this machine and its Java trust: a proxy before Maven Central may have a certificate of its own.
_TRUST = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/java/cacerts")


def why_not() -> str | None:
    """Why the proof cannot run here; None when it can."""
    missing = [
        tool for tool in ("buildah", "debootstrap", "unshare", "nsenter") if shutil.which(tool) is None
    ]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: apt install buildah debootstrap)"
    if os.geteuid() != 0:
        return "not root: the bases' file systems and a read-only root need mounts"
    return None


@dataclass(frozen=True)
class Store:
    """buildah with a storage of its own, without daemon and without user namespaces."""

    directory: Path

    @classmethod
    def make(cls, directory: Path) -> "Store":
        """An empty one."""
        text = f'[storage]\ndriver = "vfs"\ngraphroot = "{directory}/graph"\nrunroot = "{directory}/run"\n'
        (directory / "storage.conf").write_text(text, encoding="utf-8")
        return cls(directory)

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes buildah use this storage; nothing else of it differs from any other."""
        return {
            "CONTAINERS_STORAGE_CONF": str(self.directory / "storage.conf"),
            "STORAGE_DRIVER": "vfs",
            "BUILDAH_ISOLATION": "chroot",
        }

    def buildah(self, *words: str, **environment: str) -> str:
        """What `buildah <words>` prints."""
        return subprocess.run(
            ["buildah", *words],
            env={**os.environ, **self.environment, **environment},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.strip()

    def make_base(self, name: str) -> str:
        """Make the base `name` of Debian's packages; answers its reference by digest."""
        root = self.directory / name
        packages = f"--include={_PACKAGES[name]}"
        cache = self.directory / "packages"
        cache.mkdir(exist_ok=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--cache-dir={cache}", packages, _SUITE, str(root)],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        for trusted in filter(os.path.exists, _TRUST):
            shutil.copyfile(trusted, root / trusted.lstrip("/"))
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, str(root), "/")
        # Through a layout, as through a registry: its digest is the manifest's.
        layout = f"oci:{self.directory / 'layout'}:{name}"
        self.buildah("commit", "--quiet", "--rm", container, layout)
        shutil.rmtree(root)
        reference = f"localhost/{name}"
        self.buildah("tag", self.buildah("pull", "--quiet", layout), f"{reference}:proof")
        (digest,) = (
            image["digest"]
            for image in json.loads(self.buildah("images", "--json"))
            if f"{reference}:proof" in (image["names"] or ())
        )
        return f"{reference}@{digest}"
