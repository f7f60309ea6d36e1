"""Makes words from a server fit to be shown."""

__all__ = ["printable"]


def printable(text: str) -> str:
    """One line without control characters: no name or message moves the cursor or sets colours."""
    return "".join(character if character.isprintable() else " " for character in text)
