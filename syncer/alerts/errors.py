"""What keeps a receiver from being told."""


class NotTold(Exception):  # noqa: N818  # it says what is so
    """A receiver was not told; the text says why, and names neither its address nor a secret."""
