/** A year of device events in a lake, made by SQL: people in three time zones, every fourth with two devices. */
import type { UserProfile } from '../telemetry/profile';
import { EVENT_COLUMNS, deviceEventsTable } from '../lakehouse/devices/device-events';
import type { DeviceFacts, LandedDate } from '../lakehouse/devices/landing-facts';
import { DEVICES_DATASET } from '../lakehouse/devices/names';
import { addDays } from '../telemetry/calendar';
import { dateOf } from '../lakehouse/devices/date-files';
import { quoted, withDuckdb } from '../lakehouse/engines/duckdb-session';
import { copyToParquet, rowsIn } from '../lakehouse/engines/parquet-sink';
import type { Lake } from '../lakehouse/lake';
import type { DataFile, SnapshotManifest } from '../lakehouse/manifest';
import { findBase, publishSnapshot } from '../lakehouse/published';
import { ensureSnapshot } from '../lakehouse/snapshots';

export const FIRST_DATE = '2026-01-01';
export const DAYS = 365;
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Tokyo'];
const DAY_MS = 86_400_000;

export interface InputSize {
  readonly events: number;
  readonly people: number;
}

const devicesOf = ({ people }: InputSize): number => Math.ceil(people * 1.25);
const deviceName = (device: number): string => `watch-${String(device).padStart(6, '0')}`;

export const profilesOf = (size: InputSize): UserProfile[] =>
  Array.from({ length: devicesOf(size) }, (_, device) => ({
    userId: `user-${String(device % size.people).padStart(6, '0')}`,
    deviceId: deviceName(device),
    ...{ userEmail: null, gender: null, age: null },
    timeZone: ZONES[(device % size.people) % ZONES.length] as string,
    stepCounter: device % 5 === 0 ? 'cumulative' : 'interval',
  }));

/** As many a day as make the wanted number, or somewhat more, in a year. */
const readingsADay = (size: InputSize): number => Math.ceil(size.events / devicesOf(size) / DAYS);

/** Each device at a steady pace; asleep for seven hours of each UTC day. */
function eventsSql(size: InputSize, date: string): string {
  const devices = devicesOf(size);
  const [readings, day] = [
    readingsADay(size),
    (Date.parse(date) - Date.parse(FIRST_DATE)) / DAY_MS,
  ];
  const asleep = `(timestamp_ms // 3600000) % 24 < 7`;
  return `SELECT md5(n::VARCHAR) AS event_id,
      'watch-' || lpad(device::VARCHAR, 6, '0') AS device_id, timestamp_ms,
      '${date}' AS event_date,
      50 + (n * 7919 % 900) / 10.0 AS heart_rate,
      CASE WHEN device % 5 = 0 THEN reading * 9 ELSE n * 31 % 40 END AS steps,
      CASE WHEN ${asleep} THEN 'asleep' ELSE 'awake' END AS state, ${asleep} AS asleep,
      reading AS sequence, NULL AS extra, NULL AS received_at,
      0 AS kafka_partition, n AS kafka_offset
    FROM (SELECT n, n % ${devices} AS device, n // ${devices} AS reading,
        ${Date.parse(date)} + (n // ${devices} % ${readings}) * ${Math.floor(DAY_MS / readings)}
          + (n % ${devices}) * 7 AS timestamp_ms
      FROM range(${day * readings * devices}, ${(day + 1) * readings * devices}) made (n)) made
    ORDER BY device_id, timestamp_ms, event_id`;
}

/** A file for each date, as a landing leaves them. */
const writeEvents = (lake: Lake, size: InputSize, prefix: string): Promise<DataFile[]> =>
  withDuckdb({ store: lake.store, options: lake.duckdb }, async (session) => {
    const columns = EVENT_COLUMNS.map(({ name }) => quoted(name)).join(', ');
    const files: DataFile[] = [];
    for (let day = 0; day < DAYS; day += 1) {
      const date = addDays(FIRST_DATE, day);
      const select = `SELECT ${columns} FROM (${eventsSql(size, date)})`;
      for (const file of await copyToParquet(session, { folder: `date-${date}`, select })) {
        const key = `${prefix}data/made/event_date=${date}/${file.name}`;
        await lake.store.adopt(key, file.path);
        files.push({ key, rows: file.rows, bytes: file.bytes });
      }
    }
    return files;
  });

/** The table's snapshot as a landing leaves it, published. */
export async function makeEvents(lake: Lake, size: InputSize): Promise<SnapshotManifest> {
  const { manifest } = await ensureSnapshot(lake, {
    table: deviceEventsTable(DEVICES_DATASET),
    inputs: { made: JSON.stringify(size) },
    write: async (prefix) => {
      const files = await writeEvents(lake, size, prefix);
      const dates: Record<string, LandedDate> = {};
      for (const file of files) {
        const rows = file.rows + (dates[dateOf(file)]?.rows ?? 0);
        dates[dateOf(file)] = { rows, content: 'made' };
      }
      const rows = rowsIn(files);
      return {
        ...{ rows, inputRows: rows, usedRows: rows, quarantined: {}, dropped: {} },
        ...{ files, quarantineFiles: [], firstProblems: [], checkedBefore: files },
        facts: { offsets: {}, dates, run: null, late: 0 } satisfies DeviceFacts,
      };
    },
  });
  await publishSnapshot(lake, manifest, await findBase(lake, manifest));
  return manifest;
}
