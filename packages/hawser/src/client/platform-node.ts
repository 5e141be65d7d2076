import { randomFillSync } from "node:crypto";
import { clientClock, reportToConsole } from "./platform-browser.js";
import type { ClientPlatform } from "./platform.js";

/** Node.js knows nothing of the network's coming and going: the heartbeat has to find out. */
export const nodePlatform: ClientPlatform = {
  clock: clientClock,
  report: reportToConsole,
  random: (target) => void randomFillSync(target),
};
