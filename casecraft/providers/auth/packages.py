"""The packages that some ways to sign need; each comes with an extra of ours."""

from importlib.util import find_spec

from casecraft.errors import ProviderConfigurationError


def require(package: str, extra: str, provider: str, *, instead: str = "") -> None:
    """Raise `ProviderConfigurationError` where the package is not installed. It is not imported for that.

    `instead` is what else would do, as the beginning of a sentence.
    """
    try:
        found = find_spec(package) is not None
    except ModuleNotFoundError:  # the package that it would be in
        found = False
    if not found:
        raise ProviderConfigurationError(
            f"provider {provider!r} needs the package {package!r} to sign its requests",
            provider=provider,
            hint=f'{instead or "Run"}: pip install "casecraft-engine[{extra}]"',
        )
