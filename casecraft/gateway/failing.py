"""What the gateway itself does wrong, told as an error of its side."""

import traceback
from pathlib import Path

from casecraft.errors import ServerError


def unexpected(error: Exception) -> ServerError:
    """An error that nobody foresaw. Its words stay here, for they may show what was sent; its place is said."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    message = f"the gateway itself failed: {type(error).__name__}{where}"
    return ServerError(message, status=500, hint="This is a mistake in casecraft; please report it.")
