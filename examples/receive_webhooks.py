"""A partner's end of a webhook: what comes is checked and taken once. `pip install standardwebhooks`, then

WEBHOOK_SECRET=whsec_… python receive_webhooks.py 8080
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

signature = Webhook(os.environ["WEBHOOK_SECRET"])
seen: set[str] = set()  # in earnest: a table with the id as its key


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = signature.verify(body, dict(self.headers))  # the bytes as they came, not JSON written anew
        except WebhookVerificationError as error:
            self.answer(401, str(error))
            return
        if event["id"] not in seen:  # the same event may come twice
            seen.add(event["id"])
            print(event["type"], event["data"]["customerId"], flush=True)
        self.answer(200, "taken")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Only what was taken is printed."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
