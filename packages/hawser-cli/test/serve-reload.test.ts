import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import { expect, it } from "vitest";
import { createCertificate } from "../src/cert/create-certificate.js";
import { openClient } from "./support/client.js";
import { makeFolder } from "./support/folder.js";
import { startServing } from "./support/program.js";

it("reads its settings again on SIGHUP, and nobody is disconnected (REL-G3)", async () => {
  const folder = makeFolder({ "hawser.json": '{"timeIntervalMs": 3600000, "logLevel": "error"}' });
  const file = join(folder, "hawser.json");
  const { program, wsUrl } = await startServing("--config", file);
  const [time, echo] = await Promise.all([openClient(`${wsUrl}/time`), openClient(`${wsUrl}/echo`)]);
  writeFileSync(file, '{"timeIntervalMs": 20, "logLevel": "info", "maxMessageBytes": 5}');
  program.kill("SIGHUP");
  expect(await time.receive()).toMatch(/^Server time: /);
  await program.waitFor("stderr", /"msg":"settings read again: changed logLevel, timeIntervalMs"/);
  await program.waitFor("stderr", /"ignored":\["maxMessageBytes"\],"msg":"only a restart changes maxMessageBytes"/);
  echo.ws.send("still here");
  expect(await echo.receive()).toBe("still here");
});

it("leaves everything as it was when the file is wrong, and says why in one line", async () => {
  const folder = makeFolder({ "hawser.json": '{"timeIntervalMs": 20}' });
  const file = join(folder, "hawser.json");
  const { program, wsUrl } = await startServing("--config", file);
  const time = await openClient(`${wsUrl}/time`);
  writeFileSync(file, '{"timeIntervalMs": 3600000, "logLevel": "loud"}');
  program.kill("SIGHUP");
  const [line] = await program.waitFor("stderr", /^.*nothing was changed.*$/m);
  expect(line).toContain(`--config ${file} cannot be used: \\"logLevel\\" is \\"loud\\": expected one of debug, info`);
  // told as often as before
  for (let count = 0; count < 3; count++) expect(await time.receive()).toMatch(/^Server time: /);
  writeFileSync(file, "{");
  program.kill("SIGHUP");
  await program.waitFor("stderr", /it is no JSON/);
  expect(await time.receive()).toMatch(/^Server time: /);
});

it("lets in other pages and answers to other names after SIGHUP", async () => {
  const folder = makeFolder({ "hawser.json": '{"origin": "https://a.example"}' });
  const file = join(folder, "hawser.json");
  const { program, wsUrl } = await startServing("--config", file);
  const stays = await openClient(`${wsUrl}/echo`, { origin: "https://a.example" });
  writeFileSync(file, '{"origin": ["https://b.example"], "allowedHost": "dev.example.com"}');
  program.kill("SIGHUP");
  await program.waitFor("stderr", /changed allowedHost, origin/);
  const late = await openClient(`${wsUrl}/echo`, { origin: "https://b.example", headers: { Host: "dev.example.com" } });
  for (const client of [stays, late]) {
    client.ws.send("in");
    expect(await client.receive()).toBe("in");
  }
  writeFileSync(file, '{"origin": "no origin", "allowedHost": "other.example.com"}');
  program.kill("SIGHUP");
  await program.waitFor("stderr", /nothing was changed: --origin cannot be used: /);
  await openClient(`${wsUrl}/echo`, { headers: { Host: "dev.example.com" } });
});

it("keeps what the command line says", async () => {
  const folder = makeFolder({ "hawser.json": '{"logLevel": "error"}' });
  const file = join(folder, "hawser.json");
  const { program } = await startServing("--config", file, "--log-level", "info");
  writeFileSync(file, '{"logLevel": "silent"}');
  program.kill("SIGHUP");
  const [line] = await program.waitFor("stderr", /^.*settings read again.*$/m);
  expect(line).toContain("settings read again: nothing to change");
});

it("goes on without anything to read again", async () => {
  const { program, url } = await startServing();
  program.kill("SIGHUP");
  await program.waitFor("stderr", /settings read again: nothing to change/);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

/** The fingerprint of the certificate that a new connection gets. */
async function readFingerprint(url: string): Promise<string> {
  const socket = connectTls({ port: Number(new URL(url).port), host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

it("serves with the new certificate after SIGHUP, and with the old one when the new one is bad (REL-G18)", async () => {
  const folder = makeFolder({
    "hawser.json": '{"tlsCert": "cert.pem", "tlsKey": "key.pem", "timeIntervalMs": 3600000}',
  });
  const file = join(folder, "hawser.json");
  const make = async (): Promise<void> => {
    const { cert, key } = await createCertificate([], 1);
    writeFileSync(join(folder, "cert.pem"), cert);
    writeFileSync(join(folder, "key.pem"), key);
  };
  await make();
  const { program, url, wsUrl } = await startServing("--config", file);
  const client = await openClient(`${wsUrl}/echo`, { rejectUnauthorized: false });
  const first = await readFingerprint(url);

  await make();
  program.kill("SIGHUP");
  await program.waitFor("stderr", /certificate read again/);
  const second = await readFingerprint(url);
  expect(second).not.toBe(first);

  writeFileSync(join(folder, "cert.pem"), "not a certificate");
  writeFileSync(file, '{"tlsCert": "cert.pem", "tlsKey": "key.pem", "timeIntervalMs": 20}');
  program.kill("SIGHUP");
  await program.waitFor("stderr", /the certificate stays as it was: --tls-cert .*cert\.pem cannot be used/);
  expect(await readFingerprint(url)).toBe(second);

  await make();
  writeFileSync(file, '{"tlsCert": "cert.pem", "tlsKey": "key.pem", "timeIntervalMs": 3600000}');
  program.kill("SIGHUP");
  // as after the first time: the interval that came with the bad certificate was not taken either
  await program.waitFor("stderr", /(?:settings read again: nothing to change[^]*){2}/);
  expect(await readFingerprint(url)).not.toBe(second);
  client.ws.send("all the time");
  expect(await client.receive()).toBe("all the time");
});
