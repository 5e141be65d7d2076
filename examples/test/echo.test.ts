import { connect } from "hawser/socket";
import { createServer } from "hawser/server";
import { expect, it } from "vitest";

it("is here", async () => {
  const server = createServer();
  server.service("/", { message: (socket, data) => void socket.post(data) });
  await server.listen();
  const socket = await connect(server.url);
  await socket.send("a");
  expect(await socket.receive()).toBe("a");
  await socket.close();
  await server.close();
});
