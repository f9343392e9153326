"""The help of every command is available without AWS access, and so is the complaint about missing arguments."""

from __future__ import annotations

from importlib import import_module

import pytest

COMMANDS = ("api_keys", "geofence_index", "tenants", "time_lists")


@pytest.fixture(autouse=True)
def environment_without_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    for accessor in ("settings", "table", "dynamodb_client"):
        monkeypatch.setattr(f"fencepost.container.{accessor}", lambda: pytest.fail("a client was opened"))


def run(monkeypatch: pytest.MonkeyPatch, command: str, *arguments: str) -> object:
    monkeypatch.setattr("sys.argv", [command, *arguments])
    with pytest.raises(SystemExit) as exit_:
        import_module(f"fencepost.cli.{command}").main()
    return exit_.value.code


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_aws_access(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, command, "--help") == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: python -m fencepost.cli.{command} [-h]")
    assert f"Run `python -m fencepost.cli.{command} " in text


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_argument_is_refused_before_a_client_is_opened(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, command, "--colour") == 2
    assert "usage:" in capsys.readouterr().err
