"""Consents: what a customer allows us to do, per purpose. What was never granted is denied."""

from collections.abc import Iterable, Mapping

from retail.changes import Changes
from retail.customers import CustomerState
from retail.policy import JourneyPolicy

ANALYTICS = "analytics"
PERSONALIZATION = "personalization"
MARKETING_PUSH = "marketing_push"
PRECISE_LOCATION = "precise_location"

PURPOSES = frozenset({ANALYTICS, PERSONALIZATION, MARKETING_PUSH, PRECISE_LOCATION})


def consented(state: CustomerState, purpose: str) -> bool:
    return state.consents.get(purpose, False)


def consents_after(state: CustomerState, said: dict[str, bool], at: int, policy: JourneyPolicy) -> Changes:
    """Per purpose, what was said last by event time counts; of what was said at once, what arrived last.

    Beyond `policy.purposes` names nothing new is taken: a purpose that is not known is denied.
    """
    consents, times = dict(state.consents), dict(state.consented_at)
    for purpose, granted in said.items():
        if purpose not in consents and len(consents) >= policy.purposes:
            continue
        if at >= times.get(purpose, 0):
            consents[purpose], times[purpose] = granted, at
    return {"consents": consents, "consented_at": times}


Words = tuple[Mapping[str, bool], Mapping[str, int]]
"""Purpose to granted, and to when it was said."""


def strictest(said: Iterable[Words]) -> tuple[dict[str, bool], dict[str, int]]:
    """What a customer allows who spoke under several identifiers: granted is what was granted and nowhere denied.

    The time is that of the newest word that counts.
    """
    consents: dict[str, bool] = {}
    times: dict[str, int] = {}
    for words, at in said:
        for purpose, granted in words.items():
            known, time = consents.get(purpose), at.get(purpose, 0)
            if known is None or (known and not granted):
                consents[purpose], times[purpose] = granted, time
            elif known is granted:
                times[purpose] = max(times[purpose], time)
    return consents, times
