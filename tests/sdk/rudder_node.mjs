// node rudder_node.mjs HOST KEY CUSTOMER: what a back end sends with @rudderstack/rudder-sdk-node.
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [dataPlaneUrl, key, userId] = process.argv.slice(2);
const client = new RudderAnalytics(key, { dataPlaneUrl, flushInterval: 100, maxFlushSizeInBytes: 400000 });
client.identify({ userId, traits: { tier: "gold" } });
client.track({ userId, event: "Product Viewed", properties: { product_id: "mug" } });
await client.flush().catch((fault) => console.error(String(fault)));
process.exit(0);
