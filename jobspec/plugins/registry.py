"""Finds the plugins that are installed: the entry points of the group `owc.functions`.

An entry point names a Plugin or several, in a tuple or list. They are loaded once, at the first
use, in the order of their names. One that cannot be loaded is an error that names it: a hub that
started without it would refuse jobs that ran yesterday.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from jobspec.errors import PluginError
from jobspec.plugins.plugin import KernelBody, Plugin

GROUP = "owc.functions"


@cache
def plugins() -> Mapping[str, Plugin]:
    """All installed plugins by name. Raises PluginError."""
    return load(entry_points(group=GROUP))


@cache
def plugin_packages() -> Mapping[str, str]:
    """The packages that bring plugins, and their versions: what a job's program depends on."""
    packages = (point.dist for point in entry_points(group=GROUP))
    return MappingProxyType({one.name: one.version for one in packages if one is not None})


def load(points: Iterable[EntryPoint]) -> Mapping[str, Plugin]:
    """The plugins of entry points by name. Raises PluginError."""
    found: dict[str, Plugin] = {}
    origins: dict[str, str] = {}
    for point in sorted(points, key=lambda point: (point.name, point.value)):
        for plugin in _load_one(point):
            if found.get(plugin.name, plugin) is not plugin:
                raise PluginError(
                    f"two plugins are named {plugin.name}:"
                    f" {origins[plugin.name]} and {_origin(point)}"
                )
            found[plugin.name] = plugin
            origins[plugin.name] = _origin(point)
    return MappingProxyType(found)


def kernel_sources() -> Mapping[str, str]:
    """The sources of plugins in the kernel language, each once, by the name of a plugin."""
    sources: dict[str, str] = {}
    for name, plugin in plugins().items():
        if isinstance(plugin.body, KernelBody):
            sources.setdefault(plugin.body.source, name)
    return {f"plugins/{name}": source for source, name in sources.items()}


def _load_one(point: EntryPoint) -> tuple[Plugin, ...]:
    try:
        loaded = point.load()
    except PluginError as error:
        raise PluginError(f"plugin {_origin(point)}: {error.message}") from error
    except Exception as error:
        # Whatever a plugin's module raises, the operator must learn which one it was.
        reason = f"{type(error).__name__}: {error}"
        raise PluginError(f"plugin {_origin(point)} cannot be loaded: {reason}") from error
    group = (loaded,) if isinstance(loaded, Plugin) else loaded
    if not isinstance(group, tuple | list) or not all(isinstance(one, Plugin) for one in group):
        raise PluginError(f"plugin {_origin(point)} is not a Plugin, nor a tuple or list of them")
    return tuple(group)


def _origin(point: EntryPoint) -> str:
    """Where a plugin comes from, as an operator knows it."""
    package = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    return f"{point.name} = {point.value}{package}"
