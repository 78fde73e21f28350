"""At which gateway a tag is, when several hear it: signals waver, people do not run to and fro.

Source of the constants: ESPresense reports again after 5 s; 6 dB and two sightings keep a tag that lies between two
gateways from wandering (reports of installations; a wall costs about as much).
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from retail.wire.tags import Heard

STRONGER = 6.0
"""dB by which another gateway must hear a tag better."""

TWICE = 2
"""Sightings in a row that must say so."""

FORGET = 30_000
"""Milliseconds after which a gateway that hears a tag no more has lost it."""

AGAIN = 5_000
"""Milliseconds after which the same place is told again."""

WEAKEST = -90.0
"""dBm; whoever is heard weaker is somewhere else."""

SMOOTHING = 0.5
"""Share of the newest signal in the smoothed one."""

MOST = 50_000
"""Tags remembered, some 300 bytes each; those unheard longest are forgotten first."""


@dataclass
class _Tag:
    """gateway: where it is. rssi: there, smoothed. heard, told: when, milliseconds. rival: who may take over."""

    gateway: str
    rssi: float
    heard: int
    told: int
    rival: str = ""
    strikes: int = 0


@dataclass
class Nearest:
    """Remembers tags, and nothing else: no clock."""

    _tags: "OrderedDict[str, _Tag]" = field(default_factory=OrderedDict)

    def hear(self, heard: Heard, now: int) -> bool:
        """Whether this sighting says where the tag is, and is worth telling. now: milliseconds."""
        if heard.rssi < WEAKEST:
            return False
        tag = self._tags.get(heard.tag)
        if tag is None:
            self._tags[heard.tag] = _Tag(heard.gateway, heard.rssi, now, now)
            if len(self._tags) > MOST:
                self._tags.popitem(last=False)
            return True
        self._tags.move_to_end(heard.tag)
        if tag.gateway == heard.gateway:
            return _again(tag, heard, now)
        return _elsewhere(tag, heard, now)


def _again(tag: _Tag, heard: Heard, now: int) -> bool:
    tag.rssi += SMOOTHING * (heard.rssi - tag.rssi)
    tag.heard = now
    if now - tag.told < AGAIN:
        return False
    tag.told = now
    return True


def _elsewhere(tag: _Tag, heard: Heard, now: int) -> bool:
    """The rival takes over once it was stronger often enough, or at once where the tag was lost."""
    if now - tag.heard <= FORGET:
        if heard.rssi < tag.rssi + STRONGER:
            tag.strikes = 0 if tag.rival == heard.gateway else tag.strikes
            return False
        tag.strikes = tag.strikes + 1 if tag.rival == heard.gateway else 1
        tag.rival = heard.gateway
        if tag.strikes < TWICE:
            return False
    tag.gateway, tag.rssi, tag.heard, tag.told = heard.gateway, heard.rssi, now, now
    tag.rival, tag.strikes = "", 0
    return True
