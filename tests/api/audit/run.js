// The server audits of graphql-http against URL, with TOKEN; prints one JSON line per audit.
import { serverAudits } from "graphql-http";

const [, , url, token] = process.argv;
const fetchFn = (target, { headers = {}, ...rest } = {}) =>
  fetch(target, { ...rest, headers: { ...headers, authorization: `Bearer ${token}` } });

for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason } = await audit.fn();
  console.log(JSON.stringify({ id, name, status, reason: reason ?? null }));
}
