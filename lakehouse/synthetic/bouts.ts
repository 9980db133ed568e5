/** Bouts of activities in a dataset's recordings: how long they last, what follows what, and samples of them. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { literal, quoted, rowsOf } from '../engines/duckdb-session';
import { streamRows } from '../engines/streamed-result';
import { TRUSTED_TABLE } from '../watch/trusted';

/** Null where nobody said what it was. */
export type Activity = string | null;

export interface BoutFacts {
  readonly activity: Activity;
  readonly people: number;
  readonly bouts: number;
  readonly seconds: number;
  /** Evenly spaced quantiles of their lengths, the shortest and the longest included. */
  readonly quantilesMs: readonly number[];
}

const QUANTILES = Array.from({ length: 33 }, (_, at) => at / 32);

/** A bout ends where the label changes, at a gap, and with its recording. */
const boutsSql = (maxGapMs: number): string => `CREATE TEMP TABLE bouts AS
  WITH marked AS (
    SELECT recording, device, subject_key, timestamp_ms, label,
      CASE WHEN label IS NOT DISTINCT FROM lag(label) OVER sent
        AND timestamp_ms - lag(timestamp_ms) OVER sent <= ${maxGapMs} THEN 0 ELSE 1 END AS begins
    FROM ${TRUSTED_TABLE}
    WINDOW sent AS (PARTITION BY recording ORDER BY timestamp_ms)
  ), numbered AS (
    SELECT *, sum(begins) OVER (PARTITION BY recording ORDER BY timestamp_ms
      ROWS UNBOUNDED PRECEDING) AS bout
    FROM marked
  )
  SELECT recording, bout, min(device) AS device, min(subject_key) AS subject_key, min(label) AS label,
    min(timestamp_ms) AS from_ms, max(timestamp_ms) AS until_ms
  FROM numbered GROUP BY recording, bout`;

const FACTS = `SELECT label, count(DISTINCT subject_key) AS people, count(*) AS bouts,
    sum(until_ms - from_ms) / 1000 AS seconds,
    quantile_cont(until_ms - from_ms, [${QUANTILES.join(', ')}]) AS quantiles_ms
  FROM bouts WHERE until_ms > from_ms GROUP BY label ORDER BY label NULLS FIRST`;

const FOLLOWING = `SELECT label, next, count(*) AS times
  FROM (SELECT label, bout, lead(label) OVER following AS next, lead(bout) OVER following AS next_bout
    FROM bouts WINDOW following AS (PARTITION BY recording ORDER BY bout))
  WHERE next_bout IS NOT NULL AND label IS DISTINCT FROM next
  GROUP BY label, next ORDER BY label NULLS FIRST, next NULLS FIRST`;

/** How often `next` came right after `activity`. */
export interface Following {
  readonly activity: Activity;
  readonly next: Activity;
  readonly times: number;
}

export async function findBouts(
  connection: DuckDBConnection,
  maxGapMs: number,
): Promise<{ facts: BoutFacts[]; following: Following[] }> {
  await connection.run(boutsSql(maxGapMs));
  const facts = await rowsOf({ connection }, FACTS);
  const following = await rowsOf({ connection }, FOLLOWING);
  return {
    facts: facts.map((row) => ({
      activity: row.label as Activity,
      people: Number(row.people),
      bouts: Number(row.bouts),
      seconds: Number(row.seconds),
      quantilesMs: (row.quantiles_ms as number[]).map(Number),
    })),
    following: following.map((row) => ({
      activity: row.label as Activity,
      next: row.next as Activity,
      times: Number(row.times),
    })),
  };
}

/** What a person did for one stretch of fixed length, as it was recorded. */
export interface Segment {
  readonly device: string;
  readonly subjectKey: string;
  readonly startMs: number;
  readonly timestampsMs: Float64Array;
  readonly values: readonly Float32Array[];
}

export interface SegmentRequest {
  readonly activity: Activity;
  readonly channels: readonly string[];
  readonly lengthMs: number;
  /** Evenly from all devices; which ones, their names and times alone decide. */
  readonly most: number;
}

const chosenSql = ({ activity, lengthMs, most }: SegmentRequest): string =>
  `CREATE OR REPLACE TEMP TABLE chosen AS
  WITH segments AS (
    SELECT recording, device, subject_key,
      from_ms + ${lengthMs} * unnest(range(CAST(floor((until_ms - from_ms) / ${lengthMs}) AS BIGINT))) AS start_ms
    FROM bouts WHERE label IS NOT DISTINCT FROM ${activity === null ? 'NULL' : literal(activity)}
  ), mixed AS (
    SELECT *, md5(concat_ws('|', recording, start_ms)) AS mix,
      row_number() OVER (PARTITION BY device ORDER BY md5(concat_ws('|', recording, start_ms))) AS turn
    FROM segments
  )
  SELECT CAST(row_number() OVER (ORDER BY turn, mix) AS INTEGER) AS number, recording, device, subject_key, start_ms
  FROM mixed ORDER BY turn, mix LIMIT ${most}`;

/** At most `most` segments of one activity; all of them are held at once. */
export async function segmentsOf(
  connection: DuckDBConnection,
  request: SegmentRequest,
): Promise<Segment[]> {
  await connection.run(chosenSql(request));
  const columns = request.channels.map((name) => `, t.${quoted(name)}`).join('');
  const result = streamRows(
    connection,
    `SELECT c.number, c.device, c.subject_key, c.start_ms, t.timestamp_ms${columns}
    FROM ${TRUSTED_TABLE} t JOIN chosen c ON t.recording = c.recording
      AND t.timestamp_ms >= c.start_ms AND t.timestamp_ms < c.start_ms + ${request.lengthMs}
    ORDER BY c.number, t.timestamp_ms`,
  );
  const segments: Segment[] = [];
  let [held, number]: [number[][], number] = [[], 0];
  let origin = { device: '', subjectKey: '', startMs: 0 };
  const end = (): void => {
    const [times, ...values] = held;
    if (times === undefined || times.length === 0) return;
    const arrays = values.map((each) => Float32Array.from(each));
    segments.push({ ...origin, timestampsMs: Float64Array.from(times), values: arrays });
  };
  for await (const rows of result) {
    for (const [of, device, subjectKey, startMs, ...samples] of rows) {
      if (of !== number) {
        end();
        number = of as number;
        origin = {
          device: device as string,
          subjectKey: subjectKey as string,
          startMs: startMs as number,
        };
        held = samples.map(() => []);
      }
      for (const [at, value] of samples.entries()) held[at]?.push(value as number);
    }
  }
  end();
  return segments;
}
