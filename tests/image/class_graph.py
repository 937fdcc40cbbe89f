"""Which classes of a class path can be reached from some of them: by reference, by name, as a service.

Every text constant that is a class's name counts as a reference, so that what is made by reflection is found
too. The answer errs on the side of "used": a jar of which nothing is reached is not needed.
"""

import re
import struct
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_UTF8, _CLASS, _STRING = 1, 7, 8
#: Length of each kind of constant (JVM specification, 4.4); those of 8 bytes take two numbers.
_LENGTHS = {
    **dict.fromkeys((3, 4, 9, 10, 11, 12, 17, 18), 5),
    **dict.fromkeys((5, 6), 9),
    **dict.fromkeys((_CLASS, _STRING, 16, 19, 20), 3),
    15: 4,
}
_DESCRIPTOR = re.compile(rb"L([\w/$]+);")
_SERVICES = "META-INF/services/"


@dataclass
class ClassPath:
    """Classes of jars, as `org/example/Name`: where each is, what it names, which services there are."""

    jar: dict[str, str] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    services: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, jars: Iterable[Path]) -> "ClassPath":
        """Read the jars; of a class that is there twice the first jar counts, as for Java."""
        found = cls()
        for jar in jars:
            with zipfile.ZipFile(jar) as archive:
                for member in archive.namelist():
                    if member.endswith(".class") and not member.endswith("module-info.class"):
                        name = re.sub(r"^META-INF/versions/\d+/", "", member).removesuffix(".class")
                        found.jar.setdefault(name, jar.name)
                        found.names[name].update(_names(archive.read(member)))
                    elif member.startswith(_SERVICES) and member != _SERVICES:
                        service = member.removeprefix(_SERVICES).replace(".", "/")
                        lines = archive.read(member).decode("utf-8", "replace").splitlines()
                        found.services[service] |= {line.partition("#")[0].strip() for line in lines}
        for service, providers in found.services.items():
            found.services[service] = {provider.replace(".", "/") for provider in providers - {""}}
        return found

    def named(self) -> set[str]:
        """All that the classes name, their own or not."""
        return set().union(*self.names.values())

    def provided(self, prefix: str) -> set[str]:
        """Providers of the services whose names begin with `prefix`."""
        return set().union(*(found for name, found in self.services.items() if name.startswith(prefix)))

    def reached(self, roots: Iterable[str]) -> set[str]:
        """Classes that are reached from `roots`; roots that are not here are passed over."""
        seen: set[str] = set()
        todo = [root for root in roots if root in self.jar]
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            # A service that is outside, as java.sql.Driver, is asked for by whoever names it.
            asked = self.names[name] | {name}
            providers = (provider for each in asked for provider in self.services.get(each, ()))
            todo.extend(found for found in (*self.names[name], *providers) if found in self.jar)
        return seen

    def unused(self, roots: Iterable[str]) -> set[str]:
        """Jars of which nothing is reached."""
        reached = {self.jar[name] for name in self.reached(roots)}
        return set(self.jar.values()) - reached


def _names(content: bytes) -> Iterator[str]:
    (count,) = struct.unpack_from(">H", content, 8)
    texts: dict[int, bytes] = {}
    classes: list[int] = []
    strings: list[int] = []
    at, number = 10, 1
    while number < count:
        kind = content[at]
        if kind == _UTF8:
            (length,) = struct.unpack_from(">H", content, at + 1)
            texts[number] = content[at + 3 : at + 3 + length]
            at += 3 + length
        else:
            if kind in (_CLASS, _STRING):
                (index,) = struct.unpack_from(">H", content, at + 1)
                (classes if kind == _CLASS else strings).append(index)
            at += _LENGTHS[kind]
            number += kind in (5, 6)
        number += 1
    for text in texts.values():
        yield from (found.decode() for found in _DESCRIPTOR.findall(text))
    yield from (texts[index].decode("utf-8", "replace") for index in classes)
    yield from (texts[index].decode("utf-8", "replace").replace(".", "/") for index in strings)
