// A file of its own, as what it freezes stays frozen in its process.
import { expect, it } from "vitest";
import { startGateway } from "../support/gateway-fixture.js";

const before = Object.getOwnPropertyNames(Object.prototype);

it("REL-E17 a gateway works when nobody may change Object.prototype, whatever keys come", async () => {
  Object.freeze(Object.prototype);
  const { login, gateway, errors } = await startGateway({}, (it) => {
    it.channel("c")
      .action("echo", {}, (data) => data)
      .action("order", { idempotent: true }, (data) => data);
  });
  const peer = await login("__proto__");
  for (const pid of ["__proto__", "constructor", "toString"]) {
    const data = `{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"toString":1}`;
    for (const action of ["echo", "order", "order"]) {
      peer.send(`{"pid":"${pid}","action":"${action}","data":${data},"__proto__":{"status":0}}`);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await peer.nextText()).toBe(`{"pid":"${pid}","actionAck":"${action}","status":1,"data":${data}}`);
    }
  }
  expect(await peer.ask({ action: "subscribe", channel: "__proto__" })).toMatchObject({
    error: { code: "UNKNOWN_CHANNEL" },
  });
  expect(await peer.ask({ action: "subscribe", channel: "c" })).toMatchObject({ status: 1 });
  await gateway.send({ user: "__proto__" }, "toString", { ["__proto__"]: 1 });
  expect(await peer.nextText()).toBe('{"actionAck":"toString","status":1,"data":{"__proto__":1}}');
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  expect(errors).toEqual([]);
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
});
