// The gateway's panel: logs in, subscribes to prices, asks for a deal; every message is in the log, as any other. What the
// messages are, docs/PROTOCOL.md says. It knows nothing of the connection but how to send on it.

const SYMBOLS = ["LLG", "LLS", "XAUUSD", "EURUSD"];
const CREDENTIALS = { username: "demo", password: "demo" };
const MAX_PRICES = 48;
const WIDTH = 96;
const HEIGHT = 26;

/** `send` takes a text and answers why it could not be sent, or null. */
export function createGatewayPanel({ root, login, hint, tiles, deal, note }, send) {
  let asked = new Map();
  let count = 0;
  let user = null;
  let dealSymbol = SYMBOLS[0];
  const quotes = new Map(SYMBOLS.map((symbol) => [symbol, createTile(symbol, () => toggle(symbol))]));
  for (const { button } of quotes.values()) tiles.append(button);

  function ask(message, onAnswer) {
    const pid = `page-${(count += 1)}`;
    asked.set(pid, onAnswer);
    const refused = send(JSON.stringify({ pid, ...message }));
    if (refused !== null) say(refused, "error");
  }

  function toggle(symbol) {
    const tile = quotes.get(symbol);
    const action = tile.isOn ? "unsubscribe" : "subscribe";
    dealSymbol = symbol;
    showDeal();
    ask({ action, channel: `ticks:${symbol}` }, () => tile.turn(action === "subscribe"));
  }

  login.addEventListener("click", () => {
    ask({ action: "login", data: CREDENTIALS }, ({ data }) => {
      user = data?.user ?? CREDENTIALS.username;
      say(`Logged in as ${user}. Choose a price.`);
      showState();
      quotes.get(SYMBOLS[0]).button.focus();
    });
  });
  deal.addEventListener("click", () => {
    ask({ action: "addDeal", data: { symbol: dealSymbol, volume: "1.0" } }, ({ data }) => {
      const { external_order_id: id, external_volume: volume, external_price: price, external_symbol: symbol } = data;
      say(`Deal ${id}: ${volume} ${symbol} at ${price}.`);
    });
  });

  function received(text) {
    const message = parse(text);
    if (message === null) return;
    const onAnswer = asked.get(message.pid);
    if (onAnswer !== undefined) {
      asked.delete(message.pid);
      if (message.status === 1) onAnswer(message);
      else say(message.error?.message || message.error?.code || "Refused.", "error");
    } else if (message.actionAck === "tick") {
      quotes.get(message.data?.symbol)?.show(message.data.price);
    }
  }

  function showState() {
    login.hidden = user !== null;
    hint.hidden = user !== null;
    deal.hidden = user === null;
    for (const { button } of quotes.values()) button.disabled = user === null;
    showDeal();
  }

  function showDeal() {
    deal.textContent = `Deal 1.0 ${dealSymbol}`;
  }

  function say(text, tone = "") {
    note.textContent = text;
    note.dataset.tone = tone;
  }

  function reset() {
    asked = new Map();
    user = null;
    for (const tile of quotes.values()) tile.turn(false);
    say("");
    showState();
  }

  reset();
  return {
    /** A connection is open: the panel is for those to the gateway. */
    opened(isGateway) {
      reset();
      root.hidden = !isGateway;
    },
    closed: reset,
    hide() {
      root.hidden = true;
    },
    /** A text message of the connection. */
    received(text) {
      if (!root.hidden) received(text);
    },
  };
}

function createTile(symbol, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile";
  button.dataset.symbol = symbol;
  button.innerHTML = `<span class="tile-name"></span><span class="tile-price">–</span>
    <svg class="tile-line" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><polyline /></svg>`;
  button.querySelector(".tile-name").textContent = symbol;
  button.addEventListener("click", onClick);
  const price = button.querySelector(".tile-price");
  const line = button.querySelector("polyline");
  let prices = [];
  const tile = {
    button,
    isOn: false,
    turn(isOn) {
      tile.isOn = isOn;
      button.setAttribute("aria-pressed", String(isOn));
      if (isOn) return;
      prices = [];
      price.textContent = "–";
      line.setAttribute("points", "");
      delete button.dataset.move;
    },
    show(text) {
      const value = Number(text);
      if (!tile.isOn || !Number.isFinite(value)) return;
      const last = prices.at(-1) ?? value;
      if (value !== last) button.dataset.move = value > last ? "up" : "down";
      prices = [...prices, value].slice(-MAX_PRICES);
      price.textContent = text;
      line.setAttribute("points", formatPoints(prices));
    },
  };
  return tile;
}

/** The newest price is at the right; the line fills the height. */
function formatPoints(prices) {
  const low = Math.min(...prices);
  const span = Math.max(...prices) - low || 1;
  const step = WIDTH / (MAX_PRICES - 1);
  const left = WIDTH - (prices.length - 1) * step;
  return prices
    .map((value, index) => {
      const x = left + index * step;
      const y = HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}

function parse(text) {
  try {
    const message = JSON.parse(text);
    return typeof message === "object" && message !== null ? message : null;
  } catch {
    return null;
  }
}
