"""A customer, the model that answers them, and the shop, for a command that looks once and ends."""

import asyncio

from gateway.profiles import Profiles, Whose
from recommender.model import Model, load, versions
from recommender.rollout import answering, read_rollout
from retail.reference import Reference
from streams.settings import Settings
from streams.state.redis import RedisViews
from streams.topics.follower import Follower

PATIENCE = 30.0
"""Seconds for the shop to be read from Kafka."""


class ShopUnread(Exception):
    """The catalogue could not be read, without which nothing can be said of what may be shown."""


async def whose(identifier: str, settings: Settings) -> Whose:
    """As patient as a worker: nobody waits for a page. Raises StateUnavailable, msgspec.DecodeError."""
    views = RedisViews.from_settings(settings.model_copy(update={"read_deadline": settings.redis_timeout}))
    try:
        return await Profiles(views, settings.customer_partitions).whose(identifier)
    finally:
        await views.close()


def model_of(customer: str, settings: Settings) -> Model:
    """The one that answers the customer now. Raises ModelRefused, RolloutRefused."""
    known = [folder.name for folder in versions(settings.models)]
    version = answering(read_rollout(settings.models), known, customer)
    return load(settings.models / version) if version else Model.empty()


async def shop_of(settings: Settings) -> Reference:
    """The shop as its topics tell it now. Raises ShopUnread."""
    follower = Follower(settings.broker, Reference())
    await follower.start()
    try:
        await asyncio.wait_for(follower.caught_up(), PATIENCE)
    except TimeoutError:
        raise ShopUnread(
            f"the catalogue cannot be read from Kafka at {settings.broker} within {PATIENCE:.0f} s; is it up, with its "
            "topics (`caudal topics create`)?"
        ) from None
    finally:
        await follower.stop()
    return follower.reference
