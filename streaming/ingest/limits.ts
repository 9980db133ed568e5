/** How much a request may hold, how far ahead a device's clock may be, and what waits for the broker. */

export interface IngestLimits {
  /** Of a request's body as it is sent. */
  readonly bodyBytes: number;
  /** Of a body once it is decompressed. */
  readonly decompressedBytes: number;
  /** Of the bodies of all requests together, as sent and decompressed; more are refused for a moment. */
  readonly heldBytes: number;
  /** A body that is longer under way than this has to come at this speed at least, from its beginning on average. */
  readonly bodyGraceMs: number;
  readonly bodyBytesPerSecond: number;
  /** Of one event. */
  readonly recordBytes: number;
  readonly recordsPerRequest: number;
  /** Objects and arrays of all records together, wherever they are nested: many take long to read. */
  readonly containersPerRequest: number;
  /** An event further in the future than this is wrong. */
  readonly clockAheadMs: number;
  /** Events, and bytes of them, that wait for the broker; more are refused for a moment. */
  readonly queuedRecords: number;
  readonly queuedBytes: number;
  /** How long an event waits for others to be sent with. */
  readonly lingerMs: number;
}

export const DEFAULT_LIMITS: IngestLimits = {
  bodyBytes: 4 * 2 ** 20,
  decompressedBytes: 16 * 2 ** 20,
  heldBytes: 128 * 2 ** 20,
  // What a device sends at a time is through before, also by a telephone's slowest link.
  bodyGraceMs: 30_000,
  bodyBytesPerSecond: 16 * 2 ** 10,
  recordBytes: 64 * 2 ** 10,
  recordsPerRequest: 10_000,
  containersPerRequest: 250_000,
  clockAheadMs: 5 * 60_000,
  queuedRecords: 100_000,
  queuedBytes: 64 * 2 ** 20,
  lingerMs: 5,
};
