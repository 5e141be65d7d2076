/** From most to least. Apart from the log itself: the help needs the names, and nothing of pino. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

export type LogLevel = (typeof logLevels)[number];
