// A message without an end flows through stream mode, in one direction: how much memory do its writer and its reader need?
import { withProcesses } from "./process-pair.mjs";

const MIB = 1024 * 1024;

/**
 * `fromBytes`: memory is compared with what it was when so much had passed; `leaky`: the reader keeps what it reads, which
 * the result has to show.
 */
export function runStream({ direction, bytes, fromBytes, sampleEveryBytes = 64 * MIB, seed, ...more }) {
  const script = "./stream-process.mjs";
  return withProcesses(script, script, async (server, client) => {
    const limitMs = 60_000 + bytes / 2000; // compressed, on a busy machine
    const upward = direction === "client-to-server";
    const common = { bytes, sampleEveryBytes, seed, leaky: false, deflate: false, ...more };
    const port = await server.call("listen", { ...common, writes: !upward });
    await client.call("connect", { ...common, port, writes: upward });
    const [writer, reader] = upward ? [client, server] : [server, client];
    const started = performance.now();
    const [written, read] = await Promise.all([writer.call("passed", {}, limitMs), reader.call("passed", {}, limitMs)]);
    const seconds = (performance.now() - started) / 1000;
    const report = await client.call("close");
    const [writerEnd, readerEnd] = await Promise.all([writer.call("end"), reader.call("end")]);
    const [writerProbe, readerProbe] = await Promise.all([writer.call("probe"), reader.call("probe")]);
    const first = Math.round(fromBytes / sampleEveryBytes) - 1;
    return {
      bytes: read.bytes,
      matching: read.matching,
      type: read.type,
      samples: read.samples.length,
      writerGrowthBytes: measureGrowth(written.samples, first),
      readerGrowthBytes: measureGrowth(read.samples, first),
      writerRssBytes: written.samples.at(-1),
      readerRssBytes: read.samples.at(-1),
      mibPerSecond: Math.round(bytes / MIB / seconds),
      writerEnd: writerEnd.end,
      readerEnd: readerEnd.end,
      closeCode: report.code,
      faults: [...writerProbe.faults, ...readerProbe.faults],
      ledgerBytes: writerProbe.ledgerBytes + readerProbe.ledgerBytes,
    };
  });
}

/** How far memory rose above what it was at the sample `first`. */
function measureGrowth(samples, first) {
  return Math.max(...samples.slice(first)) - samples[first];
}

const MAX_GROWTH_BYTES = 32 * MIB;

/** What is wrong with a result; nothing, if all is well. */
export function judgeStream(result, bytes) {
  const wrong = [...result.faults];
  const expect = (condition, text) => condition || wrong.push(text);
  expect(result.bytes === bytes, `${result.bytes} bytes came of ${bytes}`);
  expect(result.matching, "other bytes came than were sent");
  expect(result.writerGrowthBytes < MAX_GROWTH_BYTES, `the writer grew by ${result.writerGrowthBytes} bytes`);
  expect(result.readerGrowthBytes < MAX_GROWTH_BYTES, `the reader grew by ${result.readerGrowthBytes} bytes`);
  expect(result.writerEnd === "ABORTED", `the writer's end: ${result.writerEnd}`);
  expect(result.readerEnd === "CONNECTION_CLOSED", `the reader's end: ${result.readerEnd}`);
  expect(result.closeCode === 1000, `closed with ${result.closeCode}`);
  expect(result.ledgerBytes === 0, `${result.ledgerBytes} bytes are left in the ledger`);
  return wrong;
}
