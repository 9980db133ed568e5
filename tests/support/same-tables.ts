/** Builds one dataset on several engines, each in a lake of its own, and holds the tables equal by their content. */
import { randomUUID } from 'node:crypto';
import type { EngineName } from '../../core/engine-names';
import { isCloudEngine } from '../../core/engine-names';
import type { RefreshRequest } from '../../lakehouse/refresh-request';
import type { Lake } from '../../lakehouse/lake';
import { withEngine } from '../../lakehouse/lake';
import { contentOfTables } from './content';
import { refreshFormat } from './format-runs';
import { contextNamed } from './jobs/made-table';

/** Lands the dataset in the lake, and says what is to be built of it. */
export type Fill = (lake: Lake) => Promise<RefreshRequest>;

async function contentOn(engine: EngineName, open: () => Promise<Lake> | Lake, fill: Fill) {
  const lake = await open();
  const request = await fill(lake);
  const { dataset } = request;
  const session = randomUUID();
  const built = await refreshFormat(withEngine(lake, engine), request, {
    job: contextNamed(session),
  });
  if (isCloudEngine(engine)) await lake.endSession({ engine, dataset, session });
  expect(new Set(Object.values(built).map((each) => each.engine))).toEqual(new Set([engine]));
  return contentOfTables(lake, built);
}

/** Side by side: each Spark has one thread or two. */
export async function expectSameTables(
  engines: readonly EngineName[],
  open: () => Promise<Lake> | Lake,
  fill: Fill,
): Promise<void> {
  const [expected, ...others] = await Promise.all(
    ['duckdb' as const, ...engines].map((engine) => contentOn(engine, open, fill)),
  );
  expect(Object.keys(expected ?? {}).length).toBeGreaterThan(1);
  for (const [at, found] of others.entries()) {
    expect({ engine: engines[at], tables: found }).toEqual({
      engine: engines[at],
      tables: expected,
    });
  }
}
