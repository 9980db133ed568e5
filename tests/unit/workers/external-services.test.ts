/** Services that run elsewhere and do not answer end a start before anything has started. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { loadConfig } from '../../../workers/config';
import { supervise } from '../../../workers/supervisor';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-elsewhere-'));
});
afterEach(() => rm(home, { recursive: true }));

const NOWHERE = '127.0.0.1:1';

test.each([
  ['KAFKA_BROKERS', NOWHERE, 'BROKER_UNAVAILABLE'],
  ['TEMPORAL_ADDRESS', NOWHERE, 'TEMPORAL_UNAVAILABLE'],
  ['DATABASE_URL', `postgres://ada:secret@${NOWHERE}/lake`, 'DATABASE_UNAVAILABLE'],
])(
  '%s of a server that does not answer',
  async (variable, value, code) => {
    // No folder of programs, and no way to one: what starts nevertheless fails with another error.
    const config = loadConfig({
      WATCHLAKE_HOME: home,
      WATCHLAKE_CACHE: '/dev/null/cache',
      [variable]: value,
    });
    const up = supervise({
      ...{ config, log: pino({ enabled: false }) },
      ...{ signal: AbortSignal.timeout(30_000), onProgress: () => undefined },
    });
    const error = await up.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(NOWHERE);
    expect(String(error)).not.toContain('secret');
    expect(await readdir(home)).toEqual([]);
  },
  40_000,
);
