// node segment_node.mjs HOST KEY CUSTOMER: what a back end sends with @segment/analytics-node.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey, userId] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, flushInterval: 100, maxRetries: 2 });
analytics.on("error", (fault) => console.error(fault.code));
analytics.identify({ userId, traits: { tier: "gold" } });
analytics.track({ userId, event: "Product Viewed", properties: { product_id: "mug" } });
await analytics.closeAndFlush({ timeout: 8000 });
