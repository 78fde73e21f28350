"""The tunable numbers of the decisions, each once."""

from dataclasses import dataclass
from datetime import time, timedelta
from functools import cached_property

from retail.consents import MARKETING_PUSH
from retail.policy import JourneyPolicy

DEEPER = 200
"""Candidates ranked beyond the limit, for rules to choose among: `BlendPolicy.spare` is for what filters leave out."""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class GatePolicy:
    """When a customer may be contacted.

    purpose: the consent that any push needs, beside that of its offer.
    quiet_from, quiet_until: local time of the store; equal, there are none. cap, cap_window: pushes at most in a
        rolling window.
    just_bought: silence after a purchase. dismissed: silence after the customer waved a push away.
    complaint: silence while a complaint is open; longer than that, somebody forgot to close it.
    shelf_life: how long an in-store push stays worth showing. reminder_life: the same for a reminder of a cart, and
        how late it may be decided; who left a cart in the afternoon still means it in the evening, not next week.
    interest: what a view or a cart line says of a customer's liking, where a purchase says 1; most looks end there.
    often: purchases (decayed) from which we say "often"; two lately are a habit, one may be chance.
    habit_decay: the same as the journey counts with.
    verdicts: offers that a decision names; enough to see what the winner won against.
    """

    purpose: str = MARKETING_PUSH
    quiet_from: time = time(22)
    quiet_until: time = time(8)
    cap: int = 3
    cap_window: timedelta = timedelta(days=1)
    just_bought: timedelta = timedelta(minutes=30)
    dismissed: timedelta = timedelta(hours=4)
    complaint: timedelta = timedelta(days=30)
    shelf_life: timedelta = timedelta(minutes=30)
    reminder_life: timedelta = timedelta(hours=6)
    interest: float = 0.25
    often: float = 2.0
    habit_decay: timedelta = JourneyPolicy.habit_decay
    verdicts: int = 5

    @cached_property
    def cap_window_ms(self) -> int:
        return self.cap_window // _MILLISECOND

    @cached_property
    def just_bought_ms(self) -> int:
        return self.just_bought // _MILLISECOND

    @cached_property
    def dismissed_ms(self) -> int:
        return self.dismissed // _MILLISECOND

    @cached_property
    def complaint_ms(self) -> int:
        return self.complaint // _MILLISECOND

    @cached_property
    def shelf_life_ms(self) -> int:
        return self.shelf_life // _MILLISECOND

    @cached_property
    def reminder_life_ms(self) -> int:
        return self.reminder_life // _MILLISECOND

    @cached_property
    def habit_decay_s(self) -> float:
        return self.habit_decay.total_seconds()


@dataclass(frozen=True)
class BlendPolicy:
    """How the sources of a slate are weighed; measured on Complete Journey and on a public session log.

    What differs most between shops is found anew by each training (`recommender.blend`).

    Each source is first scaled so that the customer's strongest candidate of it counts 1; then the weights apply.
    habit: bought before, the strongest known signal in a grocery. together: neighbours of the newest items.
    taste: the factor model. here: popular in the asked store, before popular: anywhere.
    habit_decay: how fast a counter that the journey kept fades from the last purchase until now.
    doubt: purchases that are set against the customer's strongest habit: with 1, one purchase makes half a habit.
    trending: what many choose just now, in the asked store or else anywhere; an edge over `popular`, not over what is
    the customer's own.
    session: what others did in sessions like the customer's current one; while there is one, it says most.
    session_gap: silence that ends a session, as in the journey.
    seeds: newest distinct items whose neighbours are looked at. seed_decay: what each older seed keeps of the weight.
    fresh: time after which the newest interaction's pull fell to 1/e; a shopping trip, not a month.
    stale: the share of the pull that never fades; next week's basket still resembles the last one.
    basis: items that the factor model is asked with at most; 20 were not better than 12.
    kin: the strongest of the basis whose similar items become candidates.
    popular_depth: popular items that are candidates for everybody; also how deep the fallback ladder looks.
    spare: candidates ranked beyond the limit, so that filters rarely leave a gap.
    in_view: how long the item viewed last is taken to be on the screen and not recommended.
    ranked: the best candidates that the model's ranker puts in order, where the model has one; with 0 the blend does.
    """

    habit: float = 1.0
    together: float = 1.0
    taste: float = 0.2
    here: float = 0.1
    popular: float = 0.05
    trending: float = 0.1
    session: float = 6.0
    session_gap: timedelta = JourneyPolicy.session_gap
    habit_decay: timedelta = JourneyPolicy.habit_decay
    doubt: float = 0.0
    seeds: int = 8
    seed_decay: float = 0.6
    fresh: timedelta = timedelta(hours=2)
    stale: float = 0.1
    basis: int = 12
    kin: int = 4
    popular_depth: int = 50
    spare: int = 20
    in_view: timedelta = timedelta(minutes=10)
    ranked: int = 0


@dataclass(frozen=True)
class TrainingPolicy:
    """How models are trained.

    support: purchases from which an item is known to the model; once is enough to be somebody's habit.
    factors, iterations, regularization: of the factor model. alpha: n purchases have confidence 1 + alpha n.
    neighbours: kept per item, by being together and by factors alike.
    alike_among: the most popular items among which alike ones are looked for; rarer ones have factors of noise.
    reach: positions of a session, or items of a basket, that are paired at most on either side.
    backward: weight of a pair against the order of time; what follows a click says more than what led to it.
    damping: how much a neighbour's own popularity is held against it, 0 not at all, 1 wholly.
    size_damping: how much a long basket's pairs count less, as a power of its length.
    popularity_decay: time after which a purchase counts 1/e in the popular lists; they follow the season.
    popular_here: items kept per store.
    ranked: baskets that the ranker learns from at most, a hundred candidates each; twice as many cost twice the time
        and ranked no better. 0: there is no ranker.
    seed: of the factor model's start.
    """

    support: int = 1
    factors: int = 64
    iterations: int = 15
    regularization: float = 0.05
    alpha: float = 2.0
    neighbours: int = 30
    alike: int = 20
    alike_among: int = 10_000
    reach: int = 50
    backward: float = 0.7
    damping: float = 0.3
    size_damping: float = 0.25
    popularity_decay: timedelta = timedelta(days=60)
    popular_here: int = 50
    ranked: int = 8_000
    seed: int = 2026
