// The package has no declarations of its own.
declare module "proxy-from-env" {
  /** The proxy that the environment names for a URL, or "". */
  export function getProxyForUrl(url: string): string;
}
