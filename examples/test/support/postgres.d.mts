export interface PostgresServer {
  /** The URL of a new, empty database. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

export const postgresFolder: string | undefined;
export function startPostgres(): Promise<PostgresServer>;
