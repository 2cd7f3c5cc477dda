// A partner's end of a webhook in Node, without packages: what comes is checked and taken once.
//
//     WEBHOOK_SECRET=whsec_… node receive-webhooks.mjs 8080

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const key = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
const seen = new Set(); // in earnest: a table with the id as its key

function genuine(headers, body) {
  const [id, timestamp] = [headers["webhook-id"], headers["webhook-timestamp"]];
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false; // an old one, sent again by somebody else
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  return headers["webhook-signature"].split(" ").some((each) => {
    const given = Buffer.from(each.replace(/^v1,/, ""), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString(); // the text as it came, not JSON written anew
  if (!genuine(request.headers, body)) return response.writeHead(401).end("No matching signature found");
  const event = JSON.parse(body);
  if (!seen.has(event.id)) { // the same event may come twice
    seen.add(event.id);
    console.log(event.type, event.data.customerId);
  }
  response.end("taken");
}).listen(Number(process.argv[2]), "127.0.0.1");
