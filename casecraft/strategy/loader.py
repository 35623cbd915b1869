"""From what the user calls a strategy to the strategy: by name, by entry point, by file."""

import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from casecraft.errors import CasecraftError, StrategyError
from casecraft.strategy.checking import CheckedStrategy, checked
from casecraft.strategy.protocol import Strategy

GROUP = "casecraft.strategies"
BUILT_INS = {
    "round_robin": "casecraft.strategy.round_robin:RoundRobin",
    "random": "casecraft.strategy.seeded_random:SeededRandom",
    "complexity": "casecraft.strategy.complexity:ByComplexity",
    "complexity_based": "casecraft.strategy.complexity:ByComplexity",
    "manual": "casecraft.strategy.manual:Manual",
}
"""As pyproject.toml declares them: here again so that a source tree that is not installed has them."""

FACTORY = "strategy"
"""The name of the function in a file that makes its strategy."""

Factory: TypeAlias = Callable[..., Any]


def load_strategy(name: str, *, seed: int | None = None, provider_map: str | None = None) -> CheckedStrategy:
    """The strategy of this name, or of the Python file at this path.

    Its class or factory is called with `seed` and `provider_map` as far as it has parameters of these names. Raises
    StrategyError where there is no such strategy (with the nearest name) or it cannot be made.
    """
    factory = _from_file(Path(name)) if _is_path(name) else _from_entry_point(name)
    accepted = _parameters(factory)
    options = {"seed": seed, "provider_map": provider_map}
    with_ = {option: value for option, value in options.items() if option in accepted}
    strategy = _guarded(lambda: factory(**with_), f"the strategy {name!r} cannot be made")
    if not isinstance(strategy, Strategy):
        raise StrategyError(f"{name!r} gives no strategy", hint=_PROTOCOL)
    unused = provider_map is not None and "provider_map" not in accepted
    return checked(strategy, name, [f"the strategy {name!r} does not use the provider map"] if unused else [])


def available_strategies() -> list[tuple[str, str]]:
    """The name of each strategy that can be named, with the first line of what it says about itself."""
    return [(name, _description(entry)) for name, entry in sorted(_entries().items())]


def _entries() -> dict[str, EntryPoint]:
    """All strategies by name. A plug-in cannot take the name of a built-in one."""
    plugged = {entry.name: entry for entry in entry_points(group=GROUP)}
    return plugged | {name: EntryPoint(name, value, GROUP) for name, value in BUILT_INS.items()}


def _description(entry: EntryPoint) -> str:
    try:
        documented = inspect.getdoc(_loaded(entry)) or ""
    except StrategyError as error:
        return f"({error})"
    return documented.partition("\n")[0]


def _from_entry_point(name: str) -> Factory:
    entries = _entries()
    entry = entries.get(name) or entries.get(name.strip().lower().replace("-", "_"))
    if entry is None:
        nearest = get_close_matches(name.lower(), entries, n=1)
        advice = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise StrategyError(
            f"no strategy {name!r}", hint=f"{advice}There are {', '.join(sorted(entries))}, or the path of a .py file."
        )
    return _loaded(entry)


def _loaded(entry: EntryPoint) -> Factory:
    factory: Factory = _guarded(entry.load, f"the strategy {entry.name!r} ({entry.value}) cannot be loaded")
    return factory


def _is_path(name: str) -> bool:
    return name.endswith(".py") or "/" in name or "\\" in name


def _from_file(path: Path) -> Factory:
    module = _module(path)
    factory = getattr(module, FACTORY, None)
    if factory is not None and callable(factory):
        made: Factory = factory
        return made
    found = list(_strategy_classes(module))
    if len(found) != 1:
        names = ", ".join(cls.__name__ for cls in found) or "none"
        raise StrategyError(f"{str(path)!r} must have exactly one strategy; it has {names}", hint=_PROTOCOL)
    return found[0]


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        raise StrategyError(
            f"there is no strategy file {str(path)!r}", hint="give the path of a .py file, or name a strategy"
        )
    name = f"casecraft_strategy_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StrategyError(f"{str(path)!r} is no Python file", hint="its name must end in .py")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    loader = spec.loader
    _guarded(lambda: loader.exec_module(module), f"the strategy file {str(path)!r} cannot be imported", path)
    return module


def _strategy_classes(module: ModuleType) -> Iterator[Factory]:
    for cls in vars(module).values():
        if inspect.isclass(cls) and cls.__module__ == module.__name__ and callable(getattr(cls, "assign", None)):
            yield cls


def _parameters(factory: Factory) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(factory).parameters)
    except (TypeError, ValueError) as error:
        raise StrategyError(f"{factory!r} makes no strategy: {error}", hint=_PROTOCOL) from error


def _guarded(call: Callable[[], Any], what: str, path: Path | None = None) -> Any:
    """What `call`, which runs code of others, returns; whatever it raises becomes a StrategyError."""
    try:
        return call()
    except CasecraftError:
        raise
    except Exception as error:
        where = _line(error, path)
        raise StrategyError(f"{what}: {type(error).__name__}: {error}{where}", hint="correct it there") from error


def _line(error: Exception, path: Path | None) -> str:
    if isinstance(error, SyntaxError):
        return ""  # its own text says it
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if path and frame.filename == str(path)]
    return f" (line {frames[-1].lineno})" if frames else ""


_PROTOCOL = "write one class with `rebalance` and `assign(endpoints, profiles)`; docs/strategies.md shows how"
