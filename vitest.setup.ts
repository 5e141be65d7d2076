import { configureGlobal } from "fast-check";

// By default fast-check makes at most 10 elements even when `maxLength` says 70,000:
// no frame with a 16-bit or 64-bit length would ever be tried.
configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });
