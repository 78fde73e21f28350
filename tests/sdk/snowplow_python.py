"""snowplow_python.py HOST KEY CUSTOMER: what a back end sends with snowplow-tracker. KEY is the application id."""

import sys

from snowplow_tracker.emitters import Emitter
from snowplow_tracker.events.page_view import PageView
from snowplow_tracker.events.self_describing import SelfDescribing
from snowplow_tracker.self_describing_json import SelfDescribingJson
from snowplow_tracker.subject import Subject
from snowplow_tracker.tracker import Tracker

host, key, customer = sys.argv[1:]
subject = Subject()
subject.set_user_id(customer)
emitter = Emitter(host.removeprefix("http://"), protocol="http", batch_size=10)
tracker = Tracker("shop", emitters=emitter, subject=subject, app_id=key)
tracker.track(PageView("https://shop.example/", "Home"))
viewed = SelfDescribingJson("iglu:com.shop/product_viewed/jsonschema/1-0-0", {"product_id": "mug"})
tracker.track(SelfDescribing(viewed))
tracker.flush()
