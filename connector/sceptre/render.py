"""All templates, rendered offline from the real `config/`: no AWS, no credentials, no network.

Sceptre itself reads the configuration. Only the tags are replaced: every resolver by a stand-in that
answers from a table here, every hook by one that does nothing, so no plugin is even imported.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from sceptre.config.reader import ConfigReader
from sceptre.context import SceptreContext
from sceptre.exceptions import SceptreException
from sceptre.hooks import Hook
from sceptre.resolvers import Resolver
from sceptre.stack import Stack
from sceptre.template_handlers.file import File

from connector.domain.errors import OperatorError
from connector.domain.secrets import secrets
from connector.domain.secrets.brokers import parse_auth
from connector.domain.stage.aws_names import PRODUCT
from connector.domain.stage.stage import NAMED_STAGES, SCEPTRE_FILE, Stage, refusal
from connector.sceptre.excepthook import explain
from connector.sceptre.jinja import stage as stage_of_group
from connector.sceptre.settings import refuse_unknown

#: What is rendered by default.
DEFAULT_GROUPS = ("foundation", "main", "val", "production", "default")

#: Sceptre's handler of templates that are files, by its name.
_FILE = "file"

_EPHEMERAL, _DEFAULT = "ephemeral", "default"
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class StandIns:
    """What resolvers answer offline. Nothing in it is real and nothing in it is confidential."""

    account: str = "123456789012"
    region: str = "us-east-1"
    #: How clients authenticate where the stage's config does not say.
    kafka_auth: str = "tls"
    values: Mapping[str, Any] = field(
        default_factory=lambda: {
            secrets.VPC: {
                "id": "vpc-0123456789abcdef0",
                "dataSubnets": ["subnet-0d000000000000001", "subnet-0d000000000000002"],
                "privateSubnets": ["subnet-0a000000000000001", "subnet-0a000000000000002"],
                "publicSubnets": ["subnet-0b000000000000001"],
            },
            secrets.IAM_PATH: "/example/",
            secrets.IAM_BOUNDARY: "arn:aws:iam::123456789012:policy/example-boundary",
            secrets.ALERT_EMAILS: {"emails": ["somebody@example.com"]},
        }
    )
    endpoints: tuple[tuple[str, int], ...] = (("192.0.2.10", 1521),)
    #: The blocks of the stand-in subnets.
    subnet_cidrs: tuple[str, ...] = ("198.51.100.0/26", "198.51.100.64/26")
    #: What the secret connectAlbTls amounts to; None where there is no load balancer.
    alb_tls: Mapping[str, str] | None = None

    def secret_arn(self, stack: Stack, name: str) -> str:
        """An ARN like Secrets Manager would give the stage's own secret."""
        prefix = stack.stack_group_config["secret_prefix"]
        path = f"{prefix}/{stage_of_group(stack.name.rpartition('/')[0])}/{name}"
        return f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{path}-AbCdEf"

    def secret_fallback(self, stack: Stack, argument: Any) -> Any:
        """As `!secret_fallback` answers; an optional secret that has no stand-in does not exist."""
        query = {"name": argument} if isinstance(argument, str) else dict(argument)
        name = query["name"]
        optional = query.get("optional") and name not in self.values
        if optional and not (name == secrets.KAFKA_CREDENTIALS and self._auth(stack) == "scram"):
            return None
        if query.get("arn"):
            return self.secret_arn(stack, name)
        if query.get("version"):
            return f"{name}-version"
        value = self.values[name]
        return value[query["key"]] if "key" in query else value

    def database(self, stack: Stack, _argument: Any) -> Any:
        """As `!database` answers."""
        return {
            "endpoints": [list(endpoint) for endpoint in self.endpoints],
            "user_key": "username",
            "password_key": "password",
            "secret_arn": self.secret_arn(stack, secrets.DB_INFO),
            "secret_version": f"{secrets.DB_INFO}-version",
        }

    def auth(self, stack: Stack, argument: Any) -> str | list[list[int]]:
        """As `!kafka_auth` answers; brokers listen on the usual port."""
        found = parse_auth((argument or {}).get("configured") or self._auth(stack))
        return [[found.port, found.port]] if (argument or {}).get("ports") else found.value

    def image(self, _stack: Stack, argument: Any) -> str:
        """As `!worker_image` answers."""
        registry = f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"
        return str(argument.get("configured") or f"{registry}/{PRODUCT}@sha256:{'0' * 64}")

    def answer(self, tag: str, stack: Stack, argument: Any) -> Any:
        """What the resolver called `tag` answers; an output or anything unknown is a text that says so."""
        answers: Mapping[str, Callable[[Stack, Any], Any]] = {
            "secret_fallback": self.secret_fallback,
            "database": self.database,
            "kafka_auth": self.auth,
            "lambda_package": lambda _stack, _argument: "lambda/connect-0000000000000000.zip",
            "subnet_cidrs": lambda _stack, _argument: list(self.subnet_cidrs),
            "worker_image": self.image,
            "connect_group": lambda stack, _argument: self._stage(stack).topics.connect_group,
            "alb_tls": lambda _stack, _argument: self.alb_tls and dict(self.alb_tls),
        }
        known = answers.get(tag)
        return known(stack, argument) if known else f"stand-in-{tag}"

    def _stage(self, stack: Stack) -> Stage:
        return Stage(stage_of_group(stack.name.rpartition("/")[0]))

    def _auth(self, stack: Stack) -> str:
        return stack.stack_group_config.get("kafka_auth") or self.kafka_auth


def render(
    groups: Iterable[str] = (), *, project: Path = _ROOT, stand_ins: StandIns | None = None
) -> dict[str, dict[str, str]]:
    """Stage (or `foundation`, or `default`) -> component -> template text.

    `groups` are stages as an operator writes them: `main`, `ephemeral/x` or just `x`, which needs no
    directory. Raises `OperatorError` for a name that no stage can have, and for settings that a template
    refuses.
    """
    wanted = tuple(groups) or DEFAULT_GROUPS
    there = dict.fromkeys(available(project))
    with _with_directories(project, [_group_path(group, there) for group in wanted]) as (where, paths):
        return {
            path.rpartition("/")[2]: {
                stack.name.rpartition("/")[2]: _body(stack)
                for stack in sorted(_stacks(where, path, stand_ins or StandIns()), key=str)
            }
            for path in paths
        }


@contextmanager
def _with_directories(project: Path, paths: list[str]) -> Iterator[tuple[Path, list[str]]]:
    """The project, or a copy of links in which every stage that is asked for has a directory.

    `ephemeral create` makes such a directory for a launch; to look at templates none is needed.
    """
    missing = [path for path in paths if not (project / "config" / path).is_dir()]
    if not missing:
        yield project, paths
        return
    with TemporaryDirectory() as copied:
        copy = Path(copied)
        config, stack_files = project / "config", project / "config" / _DEFAULT
        own = [*(config / _EPHEMERAL).iterdir()] if (config / _EPHEMERAL).is_dir() else []
        for path in (*project.iterdir(), *config.iterdir(), *own):
            if path not in (config, config / _EPHEMERAL):
                _link(copy / path.relative_to(project), path)
        _link(copy / "config" / _EPHEMERAL / SCEPTRE_FILE, stack_files / SCEPTRE_FILE)
        for group in missing:
            for path in stack_files.glob("*.yaml"):
                if path.name != SCEPTRE_FILE:
                    _link(copy / "config" / group / path.name, path)
        yield copy, paths


def _link(place: Path, target: Path) -> None:
    """A link, unless there is one."""
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target.resolve())


def files(rendered: Mapping[str, Mapping[str, str]], out: Path) -> dict[Path, str]:
    """What `render` returns as files: `out/<stage>/<component>.json` -> its text."""
    return {
        out / stage / f"{component}.json": text + "\n"
        for stage, templates in rendered.items()
        for component, text in templates.items()
    }


def write(rendered: Mapping[str, Mapping[str, str]], out: Path) -> Iterator[Path]:
    """Write what `render` returns, yielding each path."""
    for path, text in files(rendered, out).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        yield path


def available(project: Path = _ROOT) -> tuple[str, ...]:
    """The stack groups below `config/`, in reading order."""
    config = project / "config"
    top = [path.name for path in config.iterdir() if path.is_dir() and path.name != _EPHEMERAL]
    ephemeral = [f"{_EPHEMERAL}/{path.name}" for path in (config / _EPHEMERAL).glob("*/") if path.is_dir()]
    rest = sorted({*top, *ephemeral} - set(DEFAULT_GROUPS))
    return (*(group for group in DEFAULT_GROUPS if group in top), *rest)


def _group_path(group: str, there: Collection[str]) -> str:
    for path in (group, f"{_EPHEMERAL}/{group}"):
        if path in there:
            return path
    name = group.removeprefix(f"{_EPHEMERAL}/")
    reason = refusal(name)
    if reason is None and name not in NAMED_STAGES:
        return f"{_EPHEMERAL}/{name}"
    hint = reason or f"the directory config/{name} of the named stage is missing: check it out"
    raise OperatorError(f"config/ has no stage {group!r}, only {', '.join(there)}; {hint}")


def _stacks(project: Path, group: str, stand_ins: StandIns) -> list[Stack]:
    with reading(project, group):
        reader = _offline_reader(SceptreContext(str(project), group), stand_ins)
        _, stacks = reader.construct_stacks()
    return list(stacks)


@contextmanager
def reading(project: Path, group: str) -> Iterator[None]:
    """Raise as `OperatorError` what Sceptre raises while it reads `config/<group>`."""
    try:
        yield
    except SceptreException as error:
        raise OperatorError(f"config/{group} cannot be read: {error}") from None
    except (AttributeError, ValueError) as error:
        text = explain(error, project)
        if text is None and isinstance(error, ValueError):
            text = f"config/{group} cannot be read: {error}"
        if text is None:
            raise
        raise OperatorError(text) from None


def _body(stack: Stack) -> str:
    refuse_unknown(stack.stack_group_config)
    try:
        # A template that is JSON is YAML too; Sceptre marks it as such.
        template = stack.template
        if template.handler_config and template.handler_config.get("type", _FILE) == _FILE:
            # Sceptre looks for the handler in what all installed packages offer, anew for each template.
            template._registry = {_FILE: File}  # noqa: SLF001
        text = str(template.body).removeprefix("---\n")
    except SceptreException as error:
        raise OperatorError(f"{stack.name}: {error}") from None
    json.loads(text)
    return text


def _offline_reader(context: SceptreContext, stand_ins: StandIns) -> ConfigReader:
    """Sceptre's reader, with stand-ins for all plugins that are installed."""

    class OfflineReader(ConfigReader):  # type: ignore[misc]
        def _add_yaml_constructors(self, entry_point_groups: Iterable[str]) -> None:
            for group in entry_point_groups:
                for entry_point in entry_points(group=group):
                    kind = (
                        _silent_hook() if group.endswith("hooks") else _stand_in(entry_point.name, stand_ins)
                    )
                    yaml.SafeLoader.add_constructor(f"!{entry_point.name}", self._constructor(kind))

        def _constructor(self, kind: type) -> Callable[[yaml.SafeLoader, yaml.Node], Any]:
            def construct(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
                return kind(loader.construct_object(self.resolve_node_tag(loader, node)))

            return construct

    return OfflineReader(context)


def _stand_in(tag: str, stand_ins: StandIns) -> type:
    class StandIn(Resolver):  # type: ignore[misc]
        def resolve(self) -> Any:
            return stand_ins.answer(tag, self.stack, self.argument)

    return StandIn


def _silent_hook() -> type:
    class SilentHook(Hook):  # type: ignore[misc]
        def run(self) -> None:
            """Nothing is launched here."""

    return SilentHook
