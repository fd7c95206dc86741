"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from owc.errors import SettingsError
from owc.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL = "http://127.0.0.1:8080"


def hub_options(command: F) -> F:
    """`--url` and `--token`: which hub, and as whom."""
    command = click.option(
        "--token", envvar="OWC_TOKEN", help="Token to post with (or OWC_TOKEN).", metavar="TOKEN"
    )(command)
    return click.option(
        "--url",
        envvar="OWC_URL",
        default=DEFAULT_URL,
        show_default=True,
        help="Address of the hub (or OWC_URL).",
    )(command)


def data_option(command: F) -> F:
    """`--data`: the folder of a hub on this machine."""
    return click.option(
        "--data",
        "data_folder",
        type=click.Path(file_okay=False, path_type=Path),
        help="Data folder of the hub (or OWC_DATA_FOLDER).",
    )(command)


def settings_from(data_folder: Path | None, **overrides: Any) -> Settings:
    """Settings of the environment with what the command line says on top; their folder exists.

    Raises SettingsError.
    """
    settings = Settings.from_env(data_folder=data_folder, **overrides)
    try:
        settings.data_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"OWC_DATA_FOLDER: {settings.data_folder} cannot be made: {error.strerror or error}"
        ) from None
    return settings
