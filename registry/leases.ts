/** Leases: a name that one holder has until it gives it back or its time is over. */
import { WatchlakeError } from '../core/errors';
import { onlyRow, type Database, type Queryable } from '../core/postgres';

export interface LeaseInput {
  name: string;
  holder: string;
  ttlSeconds: number;
}

export interface AcquireInput extends LeaseInput {
  /** Whose lease is taken although its time is not over: the caller knows that it has no business there any more. */
  instead?: string;
}

export interface LeaseResult {
  acquired: boolean;
  /** Who has it now: the caller when acquired, else the other. */
  holder: string;
  expiresAt: string;
}

export interface RenewResult {
  renewed: boolean;
  holder: string | null;
}

interface LeaseRow {
  holder: string;
  expires_at: Date;
}

// The database's clock decides, so that machines whose clocks differ agree.
const EXPIRY = `clock_timestamp() + make_interval(secs => $3)`;

async function holderOf(connection: Queryable, name: string): Promise<string | null> {
  const { rows } = await connection.query<{ holder: string }>(
    'SELECT holder FROM registry.leases WHERE name = $1 FOR SHARE',
    [name],
  );
  return rows[0]?.holder ?? null;
}

/** Throws LEASE_LOST unless it is the holder's; in a transaction nobody takes it before the end. */
export async function requireLease(
  connection: Queryable,
  { name, holder }: { name: string; holder: string },
): Promise<void> {
  const present = await holderOf(connection, name);
  if (present !== holder) throw new WatchlakeError('LEASE_LOST', { name, holder: present });
}

export function createLeases(database: Database) {
  return {
    /** Takes a free or expired lease; a holder that asks again has its time prolonged. */
    acquireLease: ({ name, holder, ttlSeconds, instead }: AcquireInput): Promise<LeaseResult> =>
      database.transaction(async (connection) => {
        await connection.query(
          `INSERT INTO registry.leases AS held (name, holder, acquired_at, expires_at)
           VALUES ($1, $2, clock_timestamp(), ${EXPIRY})
           ON CONFLICT (name) DO UPDATE SET
             holder = excluded.holder,
             acquired_at = CASE WHEN held.holder = excluded.holder
               THEN held.acquired_at ELSE excluded.acquired_at END,
             expires_at = excluded.expires_at
           WHERE held.holder IN (excluded.holder, $4) OR held.expires_at <= clock_timestamp()`,
          [name, holder, ttlSeconds, instead ?? holder],
        );
        const row = onlyRow(
          await connection.query<LeaseRow>(
            'SELECT holder, expires_at FROM registry.leases WHERE name = $1 FOR UPDATE',
            [name],
          ),
        );
        const expiresAt = row.expires_at.toISOString();
        return { acquired: row.holder === holder, holder: row.holder, expiresAt };
      }),

    /** Who has it although its time is over; null when nobody does. */
    async overdueHolder({ name }: { name: string }): Promise<string | null> {
      const { rows } = await database.query<{ holder: string }>(
        'SELECT holder FROM registry.leases WHERE name = $1 AND expires_at <= clock_timestamp()',
        [name],
      );
      return rows[0]?.holder ?? null;
    },

    /** Prolongs a lease that is still the holder's; else names who has it, if anybody does. */
    async renewLease({ name, holder, ttlSeconds }: LeaseInput): Promise<RenewResult> {
      const { rowCount } = await database.query(
        `UPDATE registry.leases SET expires_at = ${EXPIRY} WHERE name = $1 AND holder = $2`,
        [name, holder, ttlSeconds],
      );
      if (rowCount === 1) return { renewed: true, holder };
      return { renewed: false, holder: await holderOf(database, name) };
    },

    /** Gives it back; false when it was not the holder's any more, which is no error. */
    async releaseLease({ name, holder }: { name: string; holder: string }) {
      const { rowCount } = await database.query(
        'DELETE FROM registry.leases WHERE name = $1 AND holder = $2',
        [name, holder],
      );
      return { released: rowCount === 1 };
    },
  };
}
