"""`wms-connector render`: write all templates to a directory, offline."""

from pathlib import Path

import click

from connector.commands.output import json_option, print_json
from connector.domain.errors import OperatorError
from connector.sceptre import render as rendering


@click.command("render")
@click.argument("stages", nargs=-1, metavar="[STAGE …]")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".rendered"),
    show_default=True,
    help="Directory to write to, as DIR/<stage>/<component>.json.",
)
@json_option
def render(stages: tuple[str, ...], out: Path, *, as_json: bool) -> None:
    """Write the CloudFormation templates of each STAGE to files, offline.

    Needs neither AWS nor credentials: secrets have made-up values. Default stages: foundation, main, val,
    production and default.
    """
    rendered = rendering.render(stages)
    try:
        sizes = {str(path): path.stat().st_size for path in rendering.write(rendered, out)}
    except OSError as error:
        raise OperatorError(f"--out {out}: {error.strerror}; give a directory that is writable") from None
    if as_json:
        print_json({"templates": [{"path": path, "bytes": size} for path, size in sizes.items()]})
        return
    for path, size in sizes.items():
        click.echo(f"{path}  {size} bytes")
