/** What `hawser cert` was asked for: commander's values, whose names are those of the options. */
export interface CertOptions {
  readonly out: string;
  readonly name?: readonly string[];
  readonly days: number;
  readonly pfx?: boolean;
  readonly passphrase?: string;
  readonly passphraseFile?: string;
  readonly fingerprint?: boolean;
  readonly force?: boolean;
}
