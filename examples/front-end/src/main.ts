/** A page of customers, the most valuable first, and a button for the next page. */
import { type Server, ask } from "./client";
import { type FragmentOf, graphql, readFragment } from "./graphql";

const customerRow = graphql(`
  fragment CustomerRow on Customer {
    displayName
    country
    stage { stage { name } }
    valueMetrics { rfmGroup clv { amount currency } }
  }
`);

const customers = graphql(
  `
    query Customers($after: String, $search: String) {
      customers(first: 25, after: $after, search: $search, orderBy: [{ field: CLV, direction: DESC }]) {
        nodes { id ...CustomerRow }
        pageInfo { endCursor hasNextPage }
        count { value exact }
      }
    }
  `,
  [customerRow],
);

function element<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${id}.`);
  return found;
}

const form = element("ask", HTMLFormElement);
const rows = element("rows", HTMLTableSectionElement);
const more = element("more", HTMLButtonElement);
const said = element("said", HTMLParagraphElement);

function show(masked: FragmentOf<typeof customerRow>): void {
  const customer = readFragment(customerRow, masked);
  const worth = customer.valueMetrics?.clv;
  const cells = [
    customer.displayName,
    customer.country ?? "",
    customer.stage?.stage.name ?? "",
    customer.valueMetrics?.rfmGroup ?? "",
    worth ? new Intl.NumberFormat(undefined, { style: "currency", currency: worth.currency }).format(Number(worth.amount)) : "",
  ];
  const row = rows.insertRow();
  for (const text of cells) row.insertCell().textContent = text;
}

let after: string | null = null;

async function load(): Promise<void> {
  const given = new FormData(form);
  const server: Server = { url: String(given.get("url")), token: String(given.get("token")) };
  const search = String(given.get("search")) || null;
  more.disabled = true;
  try {
    const page = (await ask(server, customers, { after, search })).customers;
    page.nodes.forEach(show);
    after = page.pageInfo.endCursor;
    more.hidden = !page.pageInfo.hasNextPage;
    said.textContent = `${page.count.exact ? "" : "More than "}${page.count.value.toLocaleString()} customers`;
  } catch (fault) {
    said.textContent = fault instanceof Error ? fault.message : String(fault);
  } finally {
    more.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  rows.replaceChildren();
  after = null;
  void load();
});
more.addEventListener("click", () => void load());
