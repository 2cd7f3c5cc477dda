// Subscriptions by server-sent events: the answer to one request, read for as long as the page listens.
import { getOperationAST, parse } from "graphql";

export function isSubscription({ query, operationName }) {
  try {
    return getOperationAST(parse(query), operationName || undefined)?.operation === "subscription";
  } catch {
    return false; // the server says what is wrong with it
  }
}

// What GraphiQL subscribes to; `ask` sends the request and takes a signal that ends it.
export function listening(ask) {
  return {
    subscribe(observer) {
      const stop = new AbortController();
      hear(ask, observer, stop.signal)
        .then(() => observer.complete())
        .catch((error) => stop.signal.aborted || observer.error(error));
      return { unsubscribe: () => stop.abort() };
    },
  };
}

async function hear(ask, observer, signal) {
  const answer = await ask(signal);
  if (!(answer.headers.get("content-type") || "").startsWith("text/event-stream")) {
    observer.next(await answer.json());
    return;
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const messages = (text + value).split("\n\n");
    text = messages.pop();
    for (const message of messages) tell(message, observer);
  }
}

function tell(message, observer) {
  const data = message.split("\n").find((line) => line.startsWith("data: "));
  if (message.startsWith("event: next") && data) observer.next(JSON.parse(data.slice(6)));
}
