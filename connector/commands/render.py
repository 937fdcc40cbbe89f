"""`wms-connector render`: write all templates to a directory, offline."""

from collections.abc import Iterable, Iterator

import click

from connector.commands.output import directory, json_option, print_json, write_files
from connector.domain.stage.likeness import close_to
from connector.sceptre.offline import without_connections

with without_connections():
    from connector.sceptre import render as rendering


@click.command("render")
@click.argument("stages", nargs=-1, metavar="[STAGE …]")
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    default=".rendered",
    show_default=True,
    help="Directory to write to, as DIR/<stage>/<component>.json.",
)
@json_option
def render(stages: tuple[str, ...], out: str, *, as_json: bool) -> None:
    """Write the CloudFormation templates of each STAGE to files, offline.

    Needs neither AWS nor credentials: secrets have made-up values. A branch's stage needs no directory:
    without one it has the settings of config/default. Default stages: foundation, main, val, production and
    default.
    """
    place = directory(out, "--out")
    files = rendering.files(rendering.render(stages), place)
    for line in _notes(stages):
        click.echo(f"note: {line}", err=True)
    write_files(files, "--out")
    sizes = {str(path): len(text.encode()) for path, text in files.items()}
    if as_json:
        print_json({"templates": [{"path": path, "bytes": size} for path, size in sizes.items()]})
        return
    for path, size in sizes.items():
        click.echo(f"{path}  {size} bytes")


def _notes(stages: Iterable[str]) -> Iterator[str]:
    """Which stages have no directory: a slip of the pen is rendered like any branch's stage."""
    there = {path.removeprefix("ephemeral/") for path in rendering.available()}
    for name in (stage.removeprefix("ephemeral/") for stage in stages):
        if name not in there:
            close = close_to(name, there)
            meant = f"; did you mean {' or '.join(close)}?" if close else ""
            yield f"config/ephemeral/{name} does not exist: rendered with config/default's settings{meant}"
