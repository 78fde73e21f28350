"""Ids of inbox messages: `milliseconds-sequence`, increasing per customer, what a client resumes from."""


def parse_message_id(text: str) -> tuple[int, int]:
    """Ordered as the messages are. Raises ValueError for what is no id; a client sent it."""
    milliseconds, hyphen, sequence = text.partition("-")
    if hyphen and _is_number(milliseconds) and _is_number(sequence):
        return int(milliseconds), int(sequence)
    raise ValueError(f"{text!r} is not the id of a message, such as 1767225600000-0")


def _is_number(text: str) -> bool:
    """What Redis takes as half of an id: 64 bits, without sign."""
    return len(text) <= 20 and text.isascii() and text.isdigit() and int(text) < 1 << 64
