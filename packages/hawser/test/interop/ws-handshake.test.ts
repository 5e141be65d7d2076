import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { connect } from "../../src/node/index.js";
import { connectWs, startServer } from "../support/server-fixture.js";
import { testCertificate } from "../support/test-certificate.js";
import { connectOurs, startWsServer } from "./ws-pair.js";

it("our server chooses the first sub-protocol of a ws client's that it speaks", async () => {
  const server = await startServer({ protocols: ["b", "c"] }, (it) => {
    it.service("/", { open: (socket) => void socket.post(socket.protocol) });
  });
  const client = new WebSocket(server.url, ["a", "c", "b"]);
  const [data] = (await once(client, "message")) as [Buffer];
  expect([client.protocol, data.toString()]).toEqual(["c", "c"]);
  client.terminate();
});

it("our server speaks none when it has none in common, which a ws client refuses", async () => {
  const server = await startServer({ protocols: ["b"] });
  const client = new WebSocket(`${server.url}/echo`, ["a"]);
  const [error] = (await once(client, "error")) as [Error];
  expect(error.message).toBe("Server sent no subprotocol");
});

it("our client takes the sub-protocol that a ws server chose", async () => {
  const { url } = await startWsServer(false, { handleProtocols: () => "c" });
  const socket = await connectOurs(url, { protocols: ["a", "c", "b"] });
  expect(socket.protocol).toBe("c");
  const single = await connectOurs(url, { protocols: "c" });
  expect(single.protocol).toBe("c");
});

it("our client goes without a sub-protocol when a ws server chose none", async () => {
  const { url } = await startWsServer(false, { handleProtocols: () => false });
  const socket = await connectOurs(url, { protocols: ["a"] });
  expect(socket.protocol).toBe("");
});

it("our client refuses a sub-protocol that it did not offer", async () => {
  const { url, server } = await startWsServer(false, {});
  server.on("headers", (headers) => headers.push("Sec-WebSocket-Protocol: z"));
  await expect(connect(url, { protocols: ["a"] })).rejects.toMatchObject({ code: "HANDSHAKE_INVALID" });
  await expect(connect(url)).rejects.toMatchObject({ code: "HANDSHAKE_INVALID" });
});

it("headers go from a ws client to our service, and back", async () => {
  const server = await startServer({}, (it) => {
    it.service<string>("/room/:name", {
      admit: (request) => ({
        data: `${request.headers.get("x-token")} ${request.origin} ${request.query.get("q")}`,
        headers: { "X-Answer": "42", "Set-Cookie": "a=b" },
      }),
      open: (socket) => void socket.post(`${socket.data} ${socket.headers.get("user-agent")} ${socket.params.name}`),
    });
  });
  const headers = { "X-Token": "secret", "User-Agent": "ws" };
  const client = new WebSocket(`${server.url}/room/blue%20one?q=1`, { headers, origin: server.url });
  const [[answer], [data]] = (await Promise.all([once(client, "upgrade"), once(client, "message")])) as [
    [IncomingMessage],
    [Buffer],
  ];
  expect(data.toString()).toBe(`secret ${server.url} 1 ws blue one`);
  expect(answer.headers).toMatchObject({ "x-answer": "42", "set-cookie": ["a=b"] });
  client.terminate();
});

it("headers go from our client to a ws server, and back", async () => {
  const { url, server, requests } = await startWsServer(false, {});
  server.on("headers", (headers) => headers.push("X-Answer: 42"));
  const socket = await connectOurs(`${url}path?q=1`, {
    headers: { "X-Token": "secret", Cookie: "a=b" },
    origin: "https://example.com",
  });
  expect(socket.headers.get("x-answer")).toBe("42");
  expect(requests[0]?.url).toBe("/path?q=1");
  expect(requests[0]?.headers).toMatchObject({
    "x-token": "secret",
    cookie: "a=b",
    origin: "https://example.com",
    "sec-websocket-version": "13",
  });
});

it("a ws client learns why our service refused it", async () => {
  const server = await startServer({}, (it) => {
    it.service("/", {
      admit: () => ({ status: 401, headers: { "WWW-Authenticate": "Bearer" }, body: "log in first" }),
    });
  });
  const client = new WebSocket(server.url);
  const [, answer] = (await once(client, "unexpected-response")) as [ClientRequest, IncomingMessage];
  expect(answer.statusCode).toBe(401);
  expect(answer.headers["www-authenticate"]).toBe("Bearer");
  expect(await text(answer)).toBe("log in first");
});

it("our client learns why a ws server refused it", async () => {
  const { url } = await startWsServer(false, {
    verifyClient: (_info, answer) => answer(false, 503, "not today", { "Retry-After": "7" }),
  });
  await expect(connect(url)).rejects.toMatchObject({
    code: "HANDSHAKE_REFUSED",
    facts: { status: 503, body: "not today", retryAfter: "7" },
  });
});

it("certificates that are not trusted end the handshake on either side", async () => {
  const { url } = await startWsServer(true, {});
  await expect(connect(url)).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  const server = await startServer({ tls: testCertificate });
  const client = new WebSocket(`${server.url}/echo`);
  const [error] = (await once(client, "error")) as [Error & { code: string }];
  expect(error.code).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
});

it("our server and a ws client go on beside connections that were refused", async () => {
  const server = await startServer();
  const refused = new WebSocket(`${server.url}/nothing-here`);
  const [, answer] = (await once(refused, "unexpected-response")) as [ClientRequest, IncomingMessage];
  expect(answer.statusCode).toBe(404);
  refused.on("error", () => {});
  refused.terminate();
  const client = await connectWs(server, "/echo");
  client.send("still here");
  const [data] = (await once(client, "message")) as [Buffer];
  expect(data.toString()).toBe("still here");
});
