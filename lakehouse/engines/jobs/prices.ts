/** The prices that costs are estimated with: a dated table that says where it is from; the one that comes along is approximate, and a file may replace it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { WatchlakeError } from '../../../core/errors';
import { join } from 'node:path';

/** US dollars an hour. */
const instance = z.strictObject({ ec2: z.number().min(0), emr: z.number().min(0) });

const table = z.strictObject({
  /** Day that the prices are of. */
  date: z.iso.date(),
  /** How far the figures are to be trusted. */
  note: z.string().optional(),
  /** Where the prices can be looked up. */
  sources: z.array(z.string()).min(1),
  /** Of the EC2 price on demand; spot prices change all the time. */
  spotShare: z.number().min(0).max(1),
  regions: z.record(
    z.string(),
    z.strictObject({
      glueDpuHour: z.number().min(0),
      instances: z.record(z.string(), instance),
    }),
  ),
});

export type PriceTable = z.output<typeof table>;

const DEFAULT_PRICES = join(__dirname, 'price-list.json');

/** CONFIG_INVALID when the file is not a table of prices. */
export function readPrices(file: string = DEFAULT_PRICES): PriceTable {
  try {
    return table.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const detail = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new WatchlakeError('CONFIG_INVALID', { problems: `CLOUD_PRICES_FILE: ${detail}` }, error);
  }
}

/** Null when the table does not know it. */
export function instanceHourUsd(
  { regions, spotShare }: PriceTable,
  { region, type, isSpot }: { region: string; type: string; isSpot: boolean },
): number | null {
  const price = regions[region]?.instances[type];
  if (price === undefined) return null;
  return price.ec2 * (isSpot ? spotShare : 1) + price.emr;
}

export const dpuHourUsd = ({ regions }: PriceTable, region: string): number | null =>
  regions[region]?.glueDpuHour ?? null;
