"""How events look on the way in: Segment-shaped JSON, refined into the typed events of `retail.events`.

Start with `refinery`; `envelope` is what every message has, `tracks` the names of what customers do.
"""

from retail.wire.refinery import Refined, refine, refine_named

__all__ = ["Refined", "refine", "refine_named"]
