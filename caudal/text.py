"""Text of anybody's that is shown on a terminal or written into a line of a log."""


def printable(text: str) -> str:
    """The text on one line and without commands to a terminal: what cannot be printed is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
