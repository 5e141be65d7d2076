import { type Client, RequestError } from "hawser/client";
import { PriceChart } from "./chart.js";
import { element } from "./element.js";
import { TradingSession } from "./session.js";

const main = element("main", HTMLElement);
const state = element("#state", HTMLElement);
const user = element("#user", HTMLElement);
const login = element("#login", HTMLFormElement);
const loginNote = element("#login .note", HTMLElement);
const ticket = element("#ticket", HTMLFormElement);
const ticketNote = element("#ticket .note", HTMLElement);
const ticketButton = element("#ticket .primary", HTMLButtonElement);
const tabs = [...document.querySelectorAll<HTMLButtonElement>(".tabs button")];
const chart = new PriceChart(element("#chart", HTMLCanvasElement));

let session: TradingSession | undefined;

function showState({ state: name, lastClose }: Client): void {
  state.dataset["state"] = name;
  state.textContent = describeState(name, lastClose?.retryInMs);
  // the server may have ended it for good: then there is only another login
  if (name === "disconnected" && session !== undefined) {
    void leave(`the connection has ended (${lastClose?.code ?? 1000})`);
  }
}

function describeState(name: Client["state"], retryInMs: number | undefined): string {
  switch (name) {
    case "open":
      return "connected";
    case "connecting":
    case "logging-in":
      return "connecting …";
    case "waiting":
      return retryInMs === undefined
        ? "connection lost"
        : `connection lost, trying again in ${(retryInMs / 1000).toFixed(1)} s`;
    case "closing":
    case "disconnected":
      return "not connected";
  }
}

login.addEventListener("submit", (event) => {
  event.preventDefault();
  void enter();
});

async function enter(): Promise<void> {
  const credentials = { username: valueOf(login, "username"), password: valueOf(login, "password") };
  note(loginNote, "logging in …");
  try {
    session = await TradingSession.open(credentials, chart, showState);
  } catch (error) {
    return note(loginNote, describeRefusal(error), { failed: true });
  }
  note(loginNote, "");
  login.reset();
  element("#user span", HTMLElement).textContent = credentials.username;
  login.hidden = true;
  main.hidden = user.hidden = false;
  await follow(session.symbol || "LLG");
}

async function leave(reason: string): Promise<void> {
  const left = session;
  session = undefined;
  login.hidden = false;
  main.hidden = user.hidden = true;
  note(loginNote, reason);
  await left?.close();
}

element("#user button", HTMLButtonElement).addEventListener("click", () => void leave("logged out"));

async function follow(symbol: string): Promise<void> {
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset["symbol"] === symbol));
  await session?.follow(symbol);
  nameTicket();
}
for (const tab of tabs) tab.addEventListener("click", () => void follow(tab.dataset["symbol"] ?? ""));

function nameTicket(): void {
  const side = valueOf(ticket, "side");
  ticket.dataset["side"] = side;
  ticketButton.textContent = `${side === "sell" ? "Sell" : "Buy"} ${session?.symbol ?? ""}`;
}
ticket.addEventListener("change", nameTicket);

ticket.addEventListener("submit", (event) => {
  event.preventDefault();
  void order();
});

async function order(): Promise<void> {
  if (session === undefined) return;
  const side = valueOf(ticket, "side") === "sell" ? "sell" : "buy";
  const price = valueOf(ticket, "price").trim();
  const placed = {
    symbol: session.symbol,
    side,
    volume: valueOf(ticket, "volume").trim(),
    price: price || null,
  } as const;
  note(ticketNote, "sending …");
  try {
    const { order_id: id } = await session.placeOrder(placed);
    note(ticketNote, `order ${id} was accepted`);
  } catch (error) {
    note(ticketNote, describeRefusal(error), { failed: true });
  }
}

function describeRefusal(error: unknown): string {
  if (!(error instanceof RequestError)) return error instanceof Error ? error.message : String(error);
  const issues = error.answer.issues?.map(({ message, path }) => `${path?.join(".") ?? ""}: ${message}`) ?? [];
  return issues.length > 0 ? issues.join("; ") : error.answer.message;
}

function valueOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value : "";
}

function note(target: HTMLElement, text: string, { failed = false } = {}): void {
  target.textContent = text;
  target.toggleAttribute("data-failed", failed);
}
