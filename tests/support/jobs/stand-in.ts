/** What a stand-in for Spark is told; stand-in.py reads it. */

/** The rows that a stand-in for Spark writes, whatever it is asked. */
export interface StandIn {
  /** A Parquet file. */
  readonly file: string;
  readonly rows: number;
  /** That the work takes. */
  readonly seconds: number;
  /** That it takes to start, as Java does. */
  readonly startSeconds?: number;
  /** How long it waits to be chosen. */
  readonly patience?: number;
  /** What it is to write at its end is never written. */
  readonly hangs?: boolean;
}
