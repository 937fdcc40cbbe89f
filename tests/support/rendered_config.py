"""The templates of all stages of config/, rendered once in a process: it takes a second."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from connector.sceptre.render import DEFAULT_GROUPS, render


@cache
def rendered() -> Mapping[str, Mapping[str, str]]:
    """Stage (or `foundation`, or `default`) -> component -> template text; nobody may change it."""
    return MappingProxyType({stage: MappingProxyType(found) for stage, found in render().items()})


@cache
def rendered_group(name: str) -> Mapping[str, str]:
    """Component -> template text of one stage, whether config/ has a directory for it or not."""
    return rendered()[name] if name in DEFAULT_GROUPS else MappingProxyType(render([name])[name])
