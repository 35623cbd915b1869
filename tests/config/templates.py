"""Reading the files that `casecraft init` writes as a user would who takes all of them in."""


def uncommented(text: str) -> str:
    """The text with every line that is a setting."""
    return "\n".join(line[1:] if line.startswith("#") and line[1:2].strip() else line for line in text.splitlines())
