"""Quantities, prices and signal strengths from outside, in the units that events keep."""

from retail.errors import EventRefused
from retail.policy import EventLimits

MINOR_UNITS = 100
NO_SIGNAL = frozenset({0, 127})
"""What receivers report when they could not measure."""

DIGITS = 12
"""Of a number that is shown; enough to recognise it by."""

WEAKEST, STRONGEST = -127, 20
"""dBm, what a Bluetooth receiver can report."""


def shown(number: float) -> str:
    """For a message: a sender's number may have hundreds of digits."""
    text = str(number)
    return text if len(text) <= DIGITS else f"{text[:DIGITS]}..."


def units(quantity: int | None, field: str) -> int:
    """1 where none is given. Raises EventRefused: `quantity_out_of_range`."""
    if quantity is None:
        return 1
    if not 0 < quantity < 1 << 31:
        raise EventRefused(
            "quantity_out_of_range", f"{field} is {shown(quantity)}; a quantity is a whole number above 0"
        )
    return quantity


def minor_units(price: float | None, field: str, limits: EventLimits) -> int:
    """Major units in, minor units out; 0 where none is given. Raises EventRefused: `price_out_of_range`."""
    if price is None:
        return 0
    if not 0 <= price <= limits.price // MINOR_UNITS:
        raise EventRefused(
            "price_out_of_range", f"{field} is {shown(price)}; a price is a number from 0 in major units"
        )
    return round(price * MINOR_UNITS)


def signal_strength(rssi: float | None) -> float | None:
    """dBm; None where the receiver had none."""
    if rssi is None or rssi in NO_SIGNAL or not WEAKEST <= rssi <= STRONGEST:
        return None
    return float(rssi)
