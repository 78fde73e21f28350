"""What the contact centre, the CRM, the warehouse and the till tell, by the names of `retail.wire.names.SERVICE`."""

import msgspec

from retail.errors import EventRefused
from retail.events import (
    ComplaintFiled,
    ComplaintResolved,
    CustomerIdentified,
    Event,
    LoyaltyCardScanned,
    OrderDelivered,
    OrderShipped,
    ProductReturned,
    SocialMentionHeard,
    SupportContacted,
    SurveyAnswered,
    SurveyKind,
)
from retail.policy import EventLimits
from retail.wire import properties as shapes
from retail.wire.amounts import shown, units
from retail.wire.envelope import Common, Envelope
from retail.wire.naming import item_named, named, store_named
from retail.wire.traits import declared

SCALES = {SurveyKind.NPS: (0, 10), SurveyKind.CSAT: (1, 5), SurveyKind.CES: (1, 7), SurveyKind.OTHER: (0, 100)}
"""The worst and the best answer, as the field asks them."""

HIGHEST_SCALE = 1000
"""A best answer above it is a mistake."""


def contacted(_name: str, case: shapes.Case, common: Common, limits: EventLimits) -> Event:
    id_ = _case(case) if _is_named(case) else ""
    return SupportContacted(**common, case=id_, topic=(case.topic or "")[: limits.text])


def complained(_name: str, case: shapes.Case, common: Common, limits: EventLimits) -> Event:
    order = "" if case.order_id in (None, "") else named(case.order_id, "missing_order", "properties.order_id")
    return ComplaintFiled(**common, case=_case(case), order=order, topic=(case.topic or "")[: limits.text])


def resolved(_name: str, case: shapes.Case, common: Common, _limits: EventLimits) -> Event:
    return ComplaintResolved(**common, case=_case(case))


def surveyed(_name: str, survey: shapes.Survey, common: Common, _limits: EventLimits) -> Event:
    """Raises EventRefused: `missing_score`, `score_out_of_range`."""
    said = (survey.kind or "").lower()
    kind = next((kind for kind in SurveyKind if kind == said), SurveyKind.OTHER)
    worst, usual = SCALES[kind]
    best = usual if survey.scale is None else survey.scale
    if survey.score is None:
        raise EventRefused("missing_score", "properties.score is missing: what was answered?")
    if not (worst < best <= HIGHEST_SCALE and worst <= survey.score <= best):
        raise EventRefused(
            "score_out_of_range", f"properties.score is {shown(survey.score)}; {worst} to {shown(best)} is asked"
        )
    return SurveyAnswered(**common, kind=kind, mood=round((survey.score - worst) / (best - worst) * 100))


def mentioned(_name: str, mention: shapes.Mention, common: Common, limits: EventLimits) -> Event:
    """Raises EventRefused: `sentiment_out_of_range`."""
    mood = None
    if mention.sentiment is not None:
        if not -1 <= mention.sentiment <= 1:
            told = f"properties.sentiment is {shown(mention.sentiment)}; it is from -1 to 1"
            raise EventRefused("sentiment_out_of_range", told)
        mood = round((mention.sentiment + 1) * 50)
    return SocialMentionHeard(**common, network=(mention.network or "")[: limits.text], mood=mood)


def scanned(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return LoyaltyCardScanned(**common, store=store_named(place))


def shipped(_name: str, parcel: shapes.Parcel, common: Common, _limits: EventLimits) -> Event:
    return OrderShipped(**common, order=_order(parcel))


def delivered(_name: str, parcel: shapes.Parcel, common: Common, _limits: EventLimits) -> Event:
    return OrderDelivered(**common, order=_order(parcel))


def returned(_name: str, line: shapes.Return, common: Common, _limits: EventLimits) -> Event:
    order = "" if line.order_id in (None, "") else named(line.order_id, "missing_order", "properties.order_id")
    quantity = units(line.quantity, "properties.quantity")
    return ProductReturned(**common, item=item_named(line, "properties"), order=order, quantity=quantity)


def recorded(_name: str, raw: msgspec.Raw, common: Common, limits: EventLimits) -> Event:
    """A CRM declares on the customer's behalf what an `identify` would: the properties are the traits."""
    traits, consents, household = declared(Envelope(traits=raw), limits)
    if consents:
        common["consents"] = {**(common["consents"] or {}), **consents}
    return CustomerIdentified(**common, traits=traits, household=household)


def _is_named(case: shapes.Case) -> bool:
    return any(given not in (None, "") for given in (case.case_id, case.ticket_id))


def _case(case: shapes.Case) -> str:
    given = case.ticket_id if case.case_id in (None, "") else case.case_id
    return named(given, "missing_case", "properties.case_id")


def _order(parcel: shapes.Parcel) -> str:
    return named(parcel.order_id, "missing_order", "properties.order_id")
