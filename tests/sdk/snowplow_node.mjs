// node snowplow_node.mjs HOST KEY CUSTOMER: what a back end sends with @snowplow/node-tracker.
import { buildPageView, buildSelfDescribingEvent, newTracker } from "@snowplow/node-tracker";

const [endpoint, appId, customer] = process.argv.slice(2);
const tracker = newTracker({ namespace: "shop", appId }, { endpoint, eventMethod: "post", bufferSize: 1 });
tracker.setUserId(customer);
tracker.track(buildPageView({ pageUrl: "https://shop.example/", pageTitle: "Home" }));
tracker.track(
  buildSelfDescribingEvent({
    event: { schema: "iglu:com.shop/product_viewed/jsonschema/1-0-0", data: { product_id: "mug" } },
  }),
);
tracker.flush();
