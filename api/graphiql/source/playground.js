// The playground: GraphiQL against the server that served this page, with nothing from anywhere else.
import "graphiql/graphiql.css";
import "@graphiql/plugin-explorer/dist/style.css";
import "./playground.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL } from "graphiql";
import { buildSchema } from "graphql";
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";

import { isSubscription, listening } from "./listening.js";

const KEPT = "arzesh:token";

// A token after the # never leaves the browser; it is taken out of the address bar and kept for this tab.
function token() {
  const given = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (given) {
    window.sessionStorage.setItem(KEPT, given);
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  return given || window.sessionStorage.getItem(KEPT);
}

function headersOf(found, signedIn) {
  if (!found && signedIn) return "{}";
  return JSON.stringify({ Authorization: `Bearer ${found || "arz_…"}` }, null, 2);
}

// GraphiQL asks for the schema by itself; we give it the one below, so that it is there before any credential is.
function fetcher(url) {
  return async (parameters, { headers } = {}) => {
    const ask = (accept, signal) =>
      fetch(url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: accept,
          "X-Arzesh-Request": "playground",
          ...readable(headers),
        },
        body: JSON.stringify(parameters),
        signal,
      });
    if (isSubscription(parameters)) return listening((signal) => ask("text/event-stream", signal));
    return (await ask("application/graphql-response+json, application/json")).json();
  };
}

// A header cannot hold the ellipsis of the example; without a real token none is sent.
function readable(headers) {
  return Object.fromEntries(Object.entries(headers || {}).filter(([, value]) => /^[\x20-\x7e]*$/.test(value)));
}

async function schema() {
  const answer = await fetch("/schema.graphql");
  return answer.ok ? buildSchema(await answer.text()) : undefined;
}

async function start() {
  const root = document.getElementById("playground");
  const [known, queries] = await Promise.all([schema(), fetch("/graphiql/queries").then((found) => found.json())]);
  const headers = headersOf(token(), root.dataset.session === "yes");
  const asked = new URLSearchParams(window.location.search).get("query");
  const tabs = queries.map((each) => ({ ...each, headers }));
  createRoot(root).render(
    h(
      GraphiQL,
      {
        fetcher: fetcher(root.dataset.url),
        schema: known,
        plugins: [explorerPlugin({ showAttribution: false })],
        defaultTabs: tabs,
        defaultHeaders: headers,
        query: asked || undefined,
        defaultEditorToolsVisibility: "headers",
        shouldPersistHeaders: false,
        isHeadersEditorEnabled: true,
      },
      h(GraphiQL.Logo, null, h("a", { href: "/", className: "arzesh-logo" }, "Arzesh")),
    ),
  );
}

start().catch((error) => {
  document.getElementById("playground").textContent = `The playground cannot start: ${error.message}`;
});
