"""Ids for events that came without one: time-ordered UUIDs (version 7)."""

import os


def new_message_id(milliseconds: int) -> str:
    """36 characters. milliseconds: since the epoch. Source: RFC 9562, 5.7."""
    noise = int.from_bytes(os.urandom(10), "big")
    head = (milliseconds & (1 << 48) - 1) << 16 | 0x7000 | noise >> 64 & 0xFFF
    tail = 0b10 << 62 | noise & (1 << 62) - 1
    digits = f"{head << 64 | tail:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
