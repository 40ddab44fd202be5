"""The entry point. All ways out of a command end here, each with its exit code."""

import os
import re
import sys
from collections.abc import Sequence

import click

from gradsim.cli.commands import gradsim
from gradsim.cli.terminal import BAD_INPUT, INTERRUPTED, OK, PIPE_CLOSED, complain
from gradsim.errors import InputError, nearest

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the command line of this process."""
    # NumPy reads these when it is imported, so they are set before any command runs. One thread
    # gives the same bits at every replay, and is faster at the sizes here.
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows a question mark for it; it is not a reason to end.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command line and give back its exit code; words for the user go to stderr."""
    try:
        with gradsim.make_context("gradsim", list(arguments)) as context:
            gradsim.invoke(context)
        _flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except InputError as error:
        complain(error.problems)
        return BAD_INPUT
    except click.ClickException as error:
        complain([_sentence(error)])
        return BAD_INPUT
    except BrokenPipeError:
        _drop_stdout()
        return PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except MemoryError:
        complain(["there is not enough memory for this: lower depth, width or batch-size"])
        return BAD_INPUT
    except OSError as error:
        complain([f"{error.filename or 'output'}: {(error.strerror or str(error)).lower()}"])
        return BAD_INPUT
    return OK


def _sentence(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption) and error.ctx:
        known = {
            option.lstrip("-"): option
            for parameter in error.ctx.command.get_params(error.ctx)
            for option in parameter.opts
        }
        hint = nearest(error.option_name.lstrip("-"), known)
        path = error.ctx.command_path
        if hint.startswith("did"):
            name = hint.split('"')[1]
            return f'{path} has no option {error.option_name}; did you mean "{known[name]}"?'
        return f"{path} has no option {error.option_name}; see {path} --help"
    if wrong := isinstance(error, click.BadParameter) and _choice(error):
        return wrong
    message = error.format_message().rstrip(".")
    if extra := re.fullmatch(r"Got unexpected extra arguments? \((.*)\)", message):
        message = f'"{extra.group(1)}" is one word too many'
    message = message[:1].lower() + message[1:]
    if isinstance(error, click.UsageError) and error.ctx:
        message += f"; see {error.ctx.command_path} --help"
    return message


def _choice(error: click.BadParameter) -> str:
    """The sentence where none of an option's choices was given; nothing for other mistakes."""
    found = re.match(r"'(.*)' is not one of", error.message, re.DOTALL)
    if not (found and error.param and isinstance(error.param.type, click.Choice)):
        return ""
    right = ", ".join(map(str, error.param.type.choices))
    return f'{error.param.opts[0]} is "{found[1]}", but must be one of {right}'


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_stdout() -> None:
    """Let nothing try to write to the closed pipe again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
