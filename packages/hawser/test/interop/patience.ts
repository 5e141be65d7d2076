/** How long a test with a peer may take: megabytes, and other processes, on a machine that is busy with other tests. */
export const timeout: number = 30_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);
