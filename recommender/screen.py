"""The item on the customer's screen, as their history tells it; pure."""

from datetime import timedelta

import numpy as np

from recommender.model import Model
from recommender.records import INTERACTION, pack
from retail.customers import CustomerState, Interaction


def on_screen(state: CustomerState, at: int, model: Model, span: timedelta) -> str:
    """The item viewed last, not longer ago than `span`; "" where the model knows none. at: milliseconds."""
    newest = pack([state.history], INTERACTION).records[-1:]
    if not len(newest) or not len(model.items):
        return ""
    keys, key = model.shelf.keys, newest["item"][0]
    place = min(int(np.searchsorted(keys, key)), len(keys) - 1)
    age = at // 1000 - int(newest["at"][0])
    if newest["kind"][0] != Interaction.VIEWED or age > span.total_seconds() or keys[place] != key:
        return ""
    return model.items[int(model.shelf.rows[place])]
