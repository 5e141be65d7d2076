import type { ClientRequest } from "node:http";
import { TLSSocket } from "node:tls";
import type { Duplex } from "node:stream";
import type { Pins } from "./certificate-pin.js";

/** What is known of the other side while TLS is made. */
export class ServerCertificate {
  /** SHA-256 of the certificate that the server showed, once it did. */
  fingerprint256: string | undefined;
  /** Whether TLS was agreed on, so that a later failure is no matter of its version or of trust in the server. */
  secured = false;

  /**
   * Looks on while `request` makes its connection. `onRefused` is called instead of anything being sent, when the server's
   * certificate is none of `pins`.
   */
  watch(request: ClientRequest, pins: Pins | null, onRefused: () => void): void {
    request.on("socket", (socket: Duplex) => {
      const check = (): void => {
        this.#note(socket);
        this.secured = true;
        if (pins === null || (this.fingerprint256 !== undefined && pins.has(this.fingerprint256))) return;
        // Before this call returns: what waits to be encrypted is the request, with its secrets.
        socket.destroy();
        onRefused();
      };
      if (!isSecuring(socket)) {
        // An agent's connection that is there already, or a stream of its own of which nobody can tell whose it is.
        check();
        return;
      }
      socket.once("secureConnect", check);
      // Node tells nothing of a certificate that it refuses itself. This event comes before its check; were it missing, an
      // error message would lack the fingerprint.
      socket.prependOnceListener("secure", () => this.#note(socket));
    });
  }

  #note(socket: Duplex): void {
    if (!(socket instanceof TLSSocket)) return;
    // Not getPeerX509Certificate: on a client it takes the certificate out of the chain, and Node's own check finds none
    // (seen on Node 20). Without a certificate this object is empty, and null when the socket is destroyed.
    const shown: { readonly fingerprint256?: string } | null = socket.getPeerCertificate();
    this.fingerprint256 ??= shown?.fingerprint256;
  }
}

/** By a field that Node does not document: without it pins would refuse everything, never let anything pass. */
function isSecuring(socket: Duplex): boolean {
  return socket instanceof TLSSocket && "secureConnecting" in socket && socket.secureConnecting === true;
}
