/** The variables of the ingest server and of those who send to it; config.ts reads them with the others. */
import { z } from 'zod';
import { port } from './variable-forms';

export const INGEST_VARIABLES = {
  INGEST_HOST: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Address that the ingest server listens on. Anywhere but on loopback every request needs a token.',
    ),
  INGEST_PORT: port
    .optional()
    .describe(
      'Port of the ingest server. Default: that of its last start, else 62333, or the next free one; 0 takes any free one; a given port that is taken is an error.',
    ),
  INGEST_TOKENS: z
    .string()
    .optional()
    .describe(
      'Who may send events of all devices or read the metrics, besides devices with tokens of their own: `<role>:<token>`, comma-separated; roles: device, reader, operator. `sha256-<digest>` may stand for the token.',
    ),
  INGEST_TOKEN: z
    .string()
    .optional()
    .describe('Token that `watchlake devices send` shows to the ingest server.'),
  INGEST_REQUESTS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'Requests a minute that the ingest server takes from one address. Default: no limit but that of what waits.',
    ),
  INGEST_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .max(64 * 2 ** 20)
    .default(4 * 2 ** 20)
    .describe('Largest body of a request; decompressed it may be four times as large.'),
  INGEST_QUEUE_RECORDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(100_000)
    .describe('Events that may wait for the broker; more are answered with 503 and Retry-After.'),
  INGEST_CLOCK_AHEAD_SECONDS: z.coerce
    .number()
    .min(0)
    .default(300)
    .describe("How far ahead a device's clock may be; events beyond are rejected."),
  INGEST_LINGER_MS: z.coerce
    .number()
    .min(0)
    .max(1000)
    .default(5)
    .describe('How long an event waits for others that are sent to the broker with it.'),
} as const;
