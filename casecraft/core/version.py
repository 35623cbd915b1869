"""The version of the program that runs."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """As installed; "unknown" where it runs from a source tree."""
    try:
        return version("casecraft-engine")
    except PackageNotFoundError:
        return "unknown"
