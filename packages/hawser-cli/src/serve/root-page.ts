import { channel } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

/** Where the app answers what was asked of `/`. */
export const ROOT_PAGE_PATH = "/page";

/**
 * Lets `/` be both a WebSocket and a page. The server answers plain requests on the path of a service by 426 and asks
 * nobody, so they are told apart before it sees them: Node tells of each request that is no upgrade on this channel, in
 * the turn before it hands it over. To go as soon as a service can answer plain requests on its own path.
 * Returns the function that undoes it.
 */
export function sharePathWithPage(): () => void {
  const requests = channel("http.server.request.start");
  const rewrite = (message: unknown): void => {
    const { request } = message as { request: IncomingMessage }; // documented by Node
    const { method, url = "" } = request;
    if ((method === "GET" || method === "HEAD") && /^\/(\?|$)/.test(url)) request.url = ROOT_PAGE_PATH + url.slice(1);
  };
  requests.subscribe(rewrite);
  return () => {
    requests.unsubscribe(rewrite);
  };
}
