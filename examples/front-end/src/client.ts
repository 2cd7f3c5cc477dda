/** Sends typed documents; waits when the server asks for it. */
import type { TadaDocumentNode } from "gql.tada";
import { print } from "graphql";

interface Fault {
  message: string;
  extensions?: { code?: string; waitMs?: number; requestId?: string };
}

export class ApiError extends Error {
  constructor(readonly fault: Fault) {
    super(fault.message);
  }
}

export interface Server {
  url: string;
  token: string;
}

const PATIENCE = 3;

export async function ask<Data, Variables>(
  server: Server,
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const body = JSON.stringify({ query: print(document), variables });
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${server.token}` };
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${server.url}/graphql`, { method: "POST", headers, body });
    const answer: { data?: Data; errors?: Fault[] } = await response.json();
    const fault = answer.errors?.[0];
    if (!fault && answer.data) return answer.data;
    const wait = fault?.extensions?.code === "THROTTLED" ? fault.extensions.waitMs : undefined;
    if (wait === undefined || attempt === PATIENCE) throw new ApiError(fault ?? { message: response.statusText });
    await new Promise((resume) => setTimeout(resume, wait));
  }
}
