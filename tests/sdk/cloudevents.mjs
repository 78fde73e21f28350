// node cloudevents.mjs HOST KEY CUSTOMER: what a bus sends with the CloudEvents SDK, once in each mode.
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";

const [host, key, userid] = process.argv.slice(2);
const told = (type, data) => new CloudEvent({ source: "/shop/erp", type, userid, data });
const headers = { authorization: `Bearer ${key}` };
for (const [mode, event] of [
  [Mode.STRUCTURED, told("com.example.crm.identify", { tier: "gold" })],
  [Mode.BINARY, told("com.example.shop.product_viewed", { product_id: "mug" })],
]) {
  const emit = emitterFor(httpTransport(`${host}/v1/cloudevents`), { mode });
  await emit(event, { headers });
}
