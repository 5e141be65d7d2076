// A browser does not tell a page why a handshake failed (WHATWG WebSockets, "fail the connection": it would let pages
// scan a network). The server that this page came from we may ask over plain HTTP, and that often settles it.

const MAX_WAIT_MS = 3_000;

/** One sentence about the server, or null when it is not ours to ask. Never rejects. */
export async function probeServer(report, page = location) {
  const url = new URL(report.url);
  if (url.host !== page.host) return null;
  url.protocol = page.protocol;
  // After a loss only the server's health is in question; after a refusal the path is.
  if (report.opened) url.pathname = "/healthz";
  let status;
  try {
    // `manual`: a redirect is an answer too, and following it could lead to another origin.
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(MAX_WAIT_MS),
      cache: "no-store",
      redirect: "manual",
    });
    status = answer.status;
    await answer.body?.cancel();
  } catch {
    return say("it does not answer. It is probably stopped.");
  }
  if (report.opened) return say("it answers, so reconnecting should work.");
  if (status === 404) return say(`it runs, but has nothing at ${url.pathname}. Check the path.`);
  if (status === 426) return say("it runs and this path wants WebSockets, so it refused this handshake.");
  return say(`it runs (status ${status}), so it refused this handshake.`);
}

function say(finding) {
  return `We asked the server over plain HTTP: ${finding}`;
}
