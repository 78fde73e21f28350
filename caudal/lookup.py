"""Whose an identifier is, for a command that looks once and ends."""

from gateway.profiles import Profiles, Whose
from streams.settings import Settings
from streams.state.redis import RedisViews


async def whose(identifier: str, settings: Settings) -> Whose:
    """As patient as a worker: nobody waits for a page. Raises StateUnavailable, msgspec.DecodeError."""
    views = RedisViews.from_settings(settings.model_copy(update={"read_deadline": settings.redis_timeout}))
    try:
        return await Profiles(views, settings.customer_partitions).whose(identifier)
    finally:
        await views.close()
