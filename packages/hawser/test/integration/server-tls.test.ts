import { once } from "node:events";
import { get } from "node:https";
import { connect as connectTcp } from "node:net";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { createServer } from "../../src/server/index.js";
import { connectWs, receiveClose, receiveText, startServer } from "../support/server-fixture.js";
import { testCertificate } from "../support/test-certificate.js";

it("serves wss", async () => {
  const server = await startServer({ tls: testCertificate });
  expect(server.url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
  const client = await connectWs(server, "/echo", { ca: testCertificate.cert });
  client.send("hello");
  expect(await receiveText(client)).toBe("hello");
});

it("tells services that the connection is secure", async () => {
  const server = await startServer({ tls: testCertificate }, (it) => {
    it.service("/secure", {
      admit: (request) => ({ data: request.secure }),
      open: (socket) => void socket.post(`${socket.data}`),
    });
  });
  const client = await connectWs(server, "/secure", { ca: testCertificate.cert, origin: "https://127.0.0.1:1" }).catch(
    (error: Error) => error.message,
  );
  expect(client).toBe("Unexpected server response: 403");
  const own = server.url.replace("wss", "https");
  await connectWs(server, "/secure", { ca: testCertificate.cert, origin: own });
  expect([...server.sockets].map(({ data }) => data)).toEqual([true]);
});

it("lets a wss server speak first: what open sends leaves at once, and a Close behind it", async () => {
  const server = await startServer({ tls: testCertificate, heartbeat: false }, (it) => {
    it.service("/greet", {
      open: (socket) => {
        socket.post("hello");
        void socket.close(4000, "that was all");
      },
    });
  });
  const client = new WebSocket(`${server.url}/greet`, { ca: testCertificate.cert });
  const [greeting, close] = [receiveText(client), receiveClose(client)];
  expect(await greeting).toBe("hello");
  expect(await close).toEqual({ code: 4000, reason: "that was all" });
});

it("serves https", async () => {
  const server = await startServer({
    tls: testCertificate,
    onRequest: (_request, response) => void response.end("page"),
  });
  const request = get(server.url.replace("wss", "https"), { ca: testCertificate.cert });
  const [response] = (await once(request, "response")) as [NodeJS.ReadableStream & { statusCode: number }];
  expect(response.statusCode).toBe(200);
  response.resume();
});

it("REL-B3 ends a TLS handshake that does not go on, and survives bytes that are none", async () => {
  const server = await startServer({ tls: testCertificate, handshakeTimeoutMs: 200 });
  const silent = connectTcp(server.address().port, "127.0.0.1");
  const noisy = connectTcp(server.address().port, "127.0.0.1");
  silent.on("error", () => {});
  noisy.on("error", () => {});
  noisy.write("GET /echo HTTP/1.1\r\n\r\n");
  await Promise.all([once(silent, "close"), once(noisy, "close")]);
  const client = await connectWs(server, "/echo", { ca: testCertificate.cert });
  client.send("still here");
  expect(await receiveText(client)).toBe("still here");
});

it.each([
  ["a certificate without a key", { cert: testCertificate.cert }, "TLS_INVALID"],
  ["neither certificate nor pfx", {}, "INVALID_ARGUMENT"],
  ["an unknown name", { certificate: testCertificate.cert } as object, "INVALID_ARGUMENT"],
  ["a key that is none", { ...testCertificate, key: "nonsense" }, "TLS_INVALID"],
])("refuses %s at once", (_name, tls, code) => {
  expect(() => createServer({ tls })).toThrow(expect.objectContaining({ code }));
});
