"""The command `gradsim`: the app without a verb, and the verbs."""

from importlib import import_module

import click

from gradsim.cli import knobs as knobs_
from gradsim.cli.looks import given as looks_given
from gradsim.cli.looks import look_options
from gradsim.cli.terminal import BAD_INPUT, has_terminal
from gradsim.errors import InputError, nearest

COMMANDS = {
    "run": "run:run",
    "diagnose": "diagnose:diagnose",
    "weight": "weight:weight",
    "map": "map:map_",
    "compare": "compare:compare",
    "lessons": "lessons:lessons",
    "play": "play:play",
    "record": "record:record",
    "serve": "serve:serve",
    "open": "open:open_",
    "new": "new:new",
    "check": "check:check",
    "explain": "explain:explain",
    "grade": "grade:grade",
    "bench": "bench:bench",
    "export": "export:export",
    "list": "listing:list_",
    "locate": "locate:locate",
    "schema": "schema:schema",
    "reference": "reference:reference",
}
"""The verbs in their order, each with its module and name there: loaded where it is called."""


class Gradsim(click.Group):
    """A group that names the nearest command, and loads the knobs only where one is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take note of whether an option may be a knob's."""
        own = {option for parameter in self.params for option in parameter.opts}
        own |= {*ctx.help_option_names, "--"}
        options = (arg.partition("=")[0] for arg in args)
        ctx.meta[__name__] = any(o.startswith("--") and o not in own for o in options)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own options, and the knobs where they may be needed."""
        own = super().get_params(ctx)
        # The knobs cost the import of NumPy, and --help must come at once.
        return [*own, *knobs_.knob_options()] if ctx.meta.get(__name__) else own

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of this name; where there is none, the nearest is said."""
        if args[0] not in COMMANDS:
            raise InputError(f'there is no command "{args[0]}"; {nearest(args[0], COMMANDS)}')
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; its module is imported now."""
        module, _, name = COMMANDS.get(cmd_name, "").partition(":")
        if not module:
            return None
        command = getattr(import_module(f"gradsim.cli.{module}"), name)
        assert isinstance(command, click.Command)
        return command


def _show_version(context: click.Context, _: click.Parameter, given: bool) -> None:
    if given:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

        try:
            click.echo(f"gradsim {version('gradsim')}")
        except PackageNotFoundError:
            click.echo("gradsim, not installed: running from its source")
        context.exit()


@click.group(
    cls=Gradsim,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every knob is also an option of its own, such as --activation relu or --seed 3: "
    "`gradsim run --help` shows them all, and `gradsim list knobs`.",
)
@knobs_.set_option
@click.option(
    "--steps",
    metavar="N",
    help="Training steps that the app makes at once, before it waits for you.",
)
@look_options
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def gradsim(
    context: click.Context,
    /,
    settings: tuple[str, ...],
    steps: str | None,
    theme: str | None,
    markers: str | None,
    reduced_motion: bool,
    low_bandwidth: bool,
    memory: str | None,
    **knobs: str | None,
) -> None:
    """See gradients flow, vanish, explode and get repaired.

    Without a command the app opens, with the network already running. In it, ? shows every key.
    """
    given = {name: value for name, value in knobs.items() if value is not None}
    looks = looks_given(theme, markers, reduced_motion, low_bandwidth, memory)
    if context.invoked_subcommand:
        if settings or given or looks or steps is not None:
            raise InputError(
                f"knobs before a command are for the app: write them behind "
                f'"gradsim {context.invoked_subcommand}"'
            )
        return
    from gradsim.tui.start import hurry  # noqa: PLC0415

    hurry()
    count = 0
    if steps is not None:
        from gradsim.cli.run import MOST_STEPS  # noqa: PLC0415

        count = knobs_.whole("--steps", steps, 0, MOST_STEPS)
    said: list[str] = []
    if settings or given:
        from gradsim.cli.fitting import fitted  # noqa: PLC0415
        from gradsim.experiment.experiment import Experiment  # noqa: PLC0415

        asked = knobs_.changes(settings, given)
        experiment, said = fitted(Experiment.of(asked), asked)
    if not has_terminal():
        click.echo(context.get_help(), err=True)
        context.exit(BAD_INPUT)

    from gradsim.tui.opening import open_app  # noqa: PLC0415

    if not (settings or given):
        experiment = knobs_.declared((), {})
    offered = not (settings or given or count)
    open_app(experiment, count, offered=offered, said="; ".join(said), **looks)
