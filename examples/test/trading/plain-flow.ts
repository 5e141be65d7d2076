/** What of a WebSocket class the flow needs: every class of the WHATWG standard has it. */
export type PlainWebSocketClass = new (url: string) => {
  onopen: unknown;
  onmessage: unknown;
  onclose: unknown;
  send(text: string): void;
  close(code: number): void;
};

export interface PlainOutcome {
  /** Answers by action; the push is `addDeal`. */
  readonly answers: Readonly<
    Record<string, { readonly status: number; readonly pid?: string; readonly data?: unknown }>
  >;
  readonly close: { readonly code: number; readonly wasClean: boolean };
}

/**
 * What the original client does, with nothing but a WebSocket and JSON: login, addOrder, getOrder, the push addDeal, get_historical_deals,
 * close. It is carried into other programs as text, so it uses nothing from outside of itself.
 */
export function runPlainFlow(Class: PlainWebSocketClass, url: string): Promise<PlainOutcome> {
  return new Promise((resolve) => {
    const answers: Record<string, { status: number; pid?: string; data?: unknown }> = {};
    const socket = new Class(url);
    let requests = 0;
    let login: unknown;
    const request = (action: string, data: unknown): void =>
      socket.send(JSON.stringify({ pid: `plain-${++requests}`, action, data }));

    socket.onopen = () => request("login", { username: "mft", password: "mF123456", type: 1 });
    socket.onmessage = ({ data: text }: { data: string }) => {
      const message = JSON.parse(text);
      answers[message.actionAck] = message;
      if (message.actionAck === "login") {
        if (message.status !== 1) return request("login", { username: "ann", password: "ann", type: 1 });
        login = message.data.login;
        return request("addOrder", { symbol: "LLG", side: "buy", volume: "100.0" });
      }
      // the deal may come before or after the answer to getOrder
      if (message.actionAck === "addOrder") return request("getOrder", { order_id: message.data.order_id });
      if (message.actionAck === "get_historical_deals") return socket.close(1000);
      if (answers["addDeal"] && answers["getOrder"]) {
        request("get_historical_deals", { Login: login, Symbol: "LLG" });
      }
    };
    socket.onclose = ({ code, wasClean }: { code: number; wasClean: boolean }) =>
      resolve({ answers, close: { code, wasClean } });
  });
}
