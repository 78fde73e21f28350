"""Joined outcomes: of each answer in the `outcomes` topic, what was seen of it and what became of each place.

Reads the topic from its beginning, without a consumer group. What comes twice counts once.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from recommender.evaluation.choices import Choice
from retail.attribution import Shown
from retail.outcomes import Kind, Outcome
from streams.log_reader import LogReader
from streams.received import Records
from streams.settings import Settings
from streams.topics import OUTCOMES
from streams.topics.provision import partitions_of

_decoder = msgspec.json.Decoder(Outcome)

_Place = tuple[str, str, int]
"""Customer, answer, position."""


@dataclass
class Joined:
    """unreadable: values that are no outcome. orphans: successes whose impression the topic does not hold any more."""

    shown: dict[tuple[str, str], Shown] = field(default_factory=dict)
    became: defaultdict[_Place, set[Kind]] = field(default_factory=lambda: defaultdict(set))
    unreadable: int = 0

    def read(self, records: Records) -> None:
        for record in records:
            try:
                self._take(_decoder.decode(record.value or b""))
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.unreadable += 1

    def _take(self, outcome: Outcome) -> None:
        if outcome.shown is not None:
            self.shown[outcome.customer, outcome.answer] = outcome.shown
        for placed in outcome.items:
            self.became[outcome.customer, outcome.answer, placed.position].add(outcome.kind)

    @property
    def orphans(self) -> int:
        return sum((customer, answer) not in self.shown for customer, answer, _ in self.became)

    def choices(self) -> list[Choice]:
        """One for each place that was seen, by answer."""
        found: list[Choice] = []
        for (customer, answer, position), kinds in self.became.items():
            shown = self.shown.get((customer, answer))
            if shown is not None and Kind.SEEN in kinds:
                found.append(_choice(customer, shown, position, kinds))
        return sorted(found, key=lambda one: (one.at, one.answer, one.customer, one.position))


async def joined(settings: Settings) -> Joined:
    """Raises PublishFailed where Kafka is down, NoTopic where the topic was never created."""
    found, reader = Joined(), LogReader(settings.broker)
    for partition in range(partitions_of(OUTCOMES, settings)):
        async for page in reader.read_all(OUTCOMES.name, partition):
            found.read(page)
    return found


def _choice(customer: str, shown: Shown, position: int, kinds: set[Kind]) -> Choice:
    """position: from 1, of an item of the answer."""
    place = position - 1
    item = shown.items[place]
    draw = next((one for one in shown.draws if one.place == place), None)
    return Choice(
        answer=shown.answer,
        customer=customer,
        placement=shown.placement,
        position=position,
        item=item,
        candidates=draw.items if draw is not None else (item,),
        probabilities=draw.probabilities() if draw is not None else (1.0,),
        at=shown.at,
        model=shown.model,
        store=shown.store,
        source=shown.sources[place],
        clicked=Kind.CLICKED in kinds,
        added=Kind.ADDED in kinds,
        bought=Kind.BOUGHT in kinds,
        redeemed=Kind.REDEEMED in kinds,
    )
