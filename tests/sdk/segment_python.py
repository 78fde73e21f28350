"""segment_python.py HOST KEY CUSTOMER: what a back end sends with segment-analytics-python."""

import sys

from segment.analytics.client import Client

host, key, customer = sys.argv[1:]
client = Client(key, host=host, upload_interval=0.1, gzip=True, max_retries=2)
client.identify(user_id=customer, traits={"tier": "gold"})
client.track(user_id=customer, event="Product Viewed", properties={"product_id": "mug"})
client.flush()
client.join()
