"""cloudevents_python.py HOST KEY CUSTOMER: what a bus sends with the cloudevents package, once in each mode."""

import sys
from urllib.request import Request, urlopen

from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

host, key, customer = sys.argv[1:]


def told(id_: str, type_: str, data: dict[str, str]) -> CloudEvent:
    attributes = {"id": id_, "source": "/shop/erp", "type": type_, "specversion": "1.0", "userid": customer}
    return CloudEvent({**attributes, "datacontenttype": "application/json"}, data)


for message in (
    to_structured(told("1", "com.example.crm.identify", {"tier": "gold"}), JSONFormat()),
    to_binary(told("2", "com.example.shop.product_viewed", {"product_id": "mug"}), JSONFormat()),
):
    headers = {**message.headers, "Authorization": f"Bearer {key}"}
    with urlopen(Request(f"{host}/v1/cloudevents", message.body, headers)) as answer:
        assert answer.status == 200
