/** Costs are estimated by a dated table; what it does not know is not guessed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clustersCost } from '../../../../lakehouse/engines/emr/cost';
import type { EmrCalls } from '../../../../lakehouse/engines/emr/calls';
import { runsCost } from '../../../../lakehouse/engines/glue/cost';
import { instanceHourUsd, readPrices } from '../../../../lakehouse/engines/jobs/prices';

const prices = readPrices();
const region = 'eu-central-1';
const start = new Date('2026-05-01T10:00:00Z');
const after = (minutes: number): Date => new Date(start.getTime() + minutes * 60_000);

const instance = (Market: 'ON_DEMAND' | 'SPOT', minutes: number, InstanceType = 'm5.xlarge') => ({
  ...{ Market, InstanceType },
  Status: { Timeline: { CreationDateTime: start, EndDateTime: after(minutes) } },
});

const costOf = (instances: object[], of = region) =>
  clustersCost({ instances: async () => instances } as unknown as EmrCalls, ['j-1'], {
    ...{ prices, region: of },
  });

test('the list has a date, says that it is approximate and where the present prices are', () => {
  expect(prices.note).toContain('not checked');
  expect(prices.date).toMatch(/^20\d\d-\d\d-\d\d$/);
  for (const source of prices.sources) expect(source).toMatch(/^https:\/\/aws\.amazon\.com\//);
});

test('the worked example of docs/emr.md', async () => {
  const spot = Array.from({ length: 4 }, () => instance('SPOT', 12));
  const cost = await costOf([instance('ON_DEMAND', 20), instance('ON_DEMAND', 20), ...spot]);
  expect(cost.costUsd).toBeCloseTo(0.297, 3);
  expect(cost).toMatchObject({ what: 'j-1: 6 instances', seconds: 5280, pricesOf: prices.date });
  const runs = Array.from({ length: 5 }, () => ({ DPUSeconds: 180 }));
  expect(runsCost(runs, { prices, region }).costUsd).toBeCloseTo(0.11, 3);
});

test('an instance is paid for one minute at least', async () => {
  const cost = await costOf([instance('ON_DEMAND', 0.1)]);
  expect(cost).toMatchObject({ seconds: 60, what: 'j-1: 1 instance' });
});

test('without auto-scaling all workers count for the whole run', () => {
  const run = { ExecutionTime: 90, WorkerType: 'G.2X' as const, NumberOfWorkers: 3 };
  expect(runsCost([run], { prices, region }).seconds).toBe(540);
});

test.each([
  ['an instance type', () => costOf([instance('ON_DEMAND', 20, 'x9.large')])],
  ['a region', () => costOf([instance('ON_DEMAND', 20)], 'mars-north-1')],
])('%s that the list does not know gives no figure', async (_what, cost) => {
  expect((await cost()).costUsd).toBeNull();
});

test.each(['R.2X', 'Z.2X'] as const)('of workers of %s there is no figure', (WorkerType) => {
  const run = { ExecutionTime: 100, WorkerType, NumberOfWorkers: 2 };
  expect(runsCost([run, { DPUSeconds: 60 }], { prices, region })).toMatchObject({
    seconds: 60,
    costUsd: null,
  });
});

describe('a list of one’s own', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'watchlake-prices-'))));
  afterAll(() => rm(folder, { recursive: true }));

  async function written(text: string): Promise<string> {
    const file = join(folder, 'prices.json');
    await writeFile(file, text);
    return file;
  }

  test('takes the place of the one that comes along', async () => {
    const own = { m: { ec2: 1, emr: 0.5 } };
    const regions = { here: { glueDpuHour: 0.3, instances: own } };
    const list = { date: '2026-11-01', sources: ['our contract'], spotShare: 0.5, regions };
    const read = readPrices(await written(JSON.stringify(list)));
    expect(instanceHourUsd(read, { region: 'here', type: 'm', isSpot: true })).toBe(1);
  });

  test.each(['{', '{"date": "yesterday"}'])('is refused when it is none: %s', async (text) => {
    const file = await written(text);
    expect(() => readPrices(file)).toThrow(/CLOUD_PRICES_FILE/);
  });
});
