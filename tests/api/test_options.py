"""No option lives in the command line alone."""

import inspect

import pytest
import typer

import harness
from harness.cli.app import app

CALLED = {"suites": "list_suites", "methods": "list_methods", "baseline approve": "approve",
          "baseline show": "baseline", "baseline history": "baseline",
          "baseline attempts": "attempts"}
"""Commands that the API has under another name; all others have their own."""
NEEDED_AT_THE_TERMINAL = {("init", "name"), ("predict", "output")}
"""What a command asks for and the API does not."""


def commands(group, above=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*above, name))
        else:
            yield " ".join((*above, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def function(name):
    return getattr(harness, CALLED.get(name, name))


def test_the_api_has_every_command_and_beyond_them_what_loads_a_model():
    assert {function(name).__name__ for name in COMMANDS} | {"load"} == set(harness.__all__)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_and_option_has_a_parameter_of_its_name_and_default(name):
    there = inspect.signature(function(name)).parameters
    for option in COMMANDS[name].params:
        if option.name == "help":
            continue
        assert option.name in there, f"harness {name}: {option.name}"
        default = there[option.name].default
        if (name, option.name) in NEEDED_AT_THE_TERMINAL:
            assert option.required
            assert default is None
        elif option.required:
            assert default is inspect.Parameter.empty
        else:
            assert default == option.default, f"harness {name}: {option.name}"


def test_the_program_itself_has_no_option_but_how_errors_are_shown():
    """In Python an error has its traceback."""
    names = {option.name for option in typer.main.get_command(app).params}
    assert names - {"help"} == {"debug"}


@pytest.mark.parametrize("name", harness.__all__)
def test_every_parameter_is_told_of(name):
    found = getattr(harness, name)
    told = inspect.getdoc(found)
    for parameter in inspect.signature(found).parameters:
        if parameter not in ("suites", "runs", "reports", "baselines", "profile", "suite"):
            assert f"`{parameter}`" in told, f"{name}: {parameter}"
