/** Tokens of devices in PostgreSQL: issued once, kept as digests, rotated with a time of grace. */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { WatchlakeError } from '../core/errors';
import { createDatabase, onlyRow, type Queryable } from '../core/postgres';
import { digestOf, newToken } from '../core/tokens';

export interface DeviceToken {
  readonly tokenId: string;
  readonly deviceId: string;
  /** ISO, as all times here. */
  readonly issuedAt: string;
  /** Null when it goes on until it is rotated or revoked. */
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the hour; null when it was never used. */
  readonly lastUsedAt: string | null;
}

export interface IssuedToken extends DeviceToken {
  /** The token itself, told this once. */
  readonly token: string;
}

export interface IssueRequest {
  readonly deviceId: string;
  /** For ever when absent. */
  readonly validForSeconds?: number;
}

export interface RotateRequest extends IssueRequest {
  /** How long the former tokens of the device go on, at most. */
  readonly graceSeconds: number;
}

/** All tokens of a device, or one. */
export type TokenSelection = { readonly deviceId: string } | { readonly tokenId: string };

export interface DeviceTokens {
  issue(request: IssueRequest): Promise<IssuedToken>;
  /** Throws DEVICE_TOKEN_NOT_FOUND when the device has no valid token to replace. */
  rotate(request: RotateRequest): Promise<IssuedToken>;
  /** At once, also those in a time of grace; gives how many. Throws DEVICE_TOKEN_NOT_FOUND. */
  revoke(selection: TokenSelection): Promise<number>;
  /** The newest first. */
  list(selection?: { readonly deviceId?: string }): Promise<DeviceToken[]>;
  /** The device that the token is good for now; null when there is none. */
  deviceOf(token: string): Promise<string | null>;
}

interface TokenRow {
  token_id: string;
  device_id: string;
  issued_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

const COLUMNS = 'token_id, device_id, issued_at, expires_at, revoked_at, last_used_at';
const VALID = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())';
// By the prefix people and scanners of secrets recognise what it is.
const PREFIX = 'wld_';
const LIST_LIMIT = 10_000;
const DEVICE_LOCK = 4_105_735;
const ERASURE_LOCK = 4_105_736;

const toToken = (row: TokenRow): DeviceToken => ({
  tokenId: row.token_id,
  deviceId: row.device_id,
  issuedAt: row.issued_at.toISOString(),
  expiresAt: row.expires_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
});

async function issue(
  connection: Queryable,
  { deviceId, validForSeconds }: IssueRequest,
): Promise<IssuedToken> {
  const token = `${PREFIX}${newToken()}`;
  const result = await connection.query<TokenRow>(
    `INSERT INTO devices.tokens (token_id, device_id, digest, expires_at)
     VALUES ($1, $2, $3, now() + make_interval(secs => $4)) RETURNING ${COLUMNS}`,
    [randomBytes(6).toString('hex'), deviceId, digestOf(token), validForSeconds ?? null],
  );
  return { ...toToken(onlyRow(result)), token };
}

/** Until the transaction ends nobody else ends the device's tokens: what another one has issued meanwhile would not be seen. */
const lockDevice = (connection: Queryable, deviceId: string) =>
  connection.query(
    'SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2::int, hashtext($3))',
    [ERASURE_LOCK, DEVICE_LOCK, deviceId],
  );

/** In a transaction. What a rotation issues meanwhile goes as well; one lock, however many devices there are. */
export async function eraseTokens(
  connection: Queryable,
  devices: readonly string[],
): Promise<number> {
  await connection.query('SELECT pg_advisory_xact_lock($1)', [ERASURE_LOCK]);
  const { rowCount } = await connection.query(
    'DELETE FROM devices.tokens WHERE device_id = ANY($1)',
    [devices],
  );
  return rowCount ?? 0;
}

async function endFormer(
  connection: Queryable,
  { deviceId, graceSeconds }: RotateRequest,
): Promise<void> {
  const { rowCount } = await connection.query(
    `UPDATE devices.tokens
     SET expires_at = least(expires_at, now() + make_interval(secs => $2))
     WHERE device_id = $1 AND ${VALID}`,
    [deviceId, graceSeconds],
  );
  if (rowCount === 0) throw new WatchlakeError('DEVICE_TOKEN_NOT_FOUND', { device: deviceId });
}

async function revoke(connection: Queryable, selection: TokenSelection): Promise<number> {
  const [column, value] =
    'tokenId' in selection ? ['token_id', selection.tokenId] : ['device_id', selection.deviceId];
  const { rowCount } = await connection.query(
    `UPDATE devices.tokens SET revoked_at = now() WHERE ${column} = $1 AND ${VALID}`,
    [value],
  );
  if (rowCount) return rowCount;
  const context =
    'tokenId' in selection ? { token: selection.tokenId } : { device: selection.deviceId };
  throw new WatchlakeError('DEVICE_TOKEN_NOT_FOUND', context);
}

async function deviceOf(connection: Queryable, token: string): Promise<string | null> {
  const digest = digestOf(token);
  const { rows } = await connection.query<{ device_id: string; noted: boolean }>(
    `SELECT device_id, coalesce(last_used_at > now() - interval '1 hour', false) AS noted
     FROM devices.tokens WHERE digest = $1 AND ${VALID}`,
    [digest],
  );
  const [found] = rows;
  if (found === undefined) return null;
  if (!found.noted) {
    const note = 'UPDATE devices.tokens SET last_used_at = now() WHERE digest = $1';
    // Whether the use can be noted, such as on a full disk, says nothing of the token.
    await connection.query(note, [digest]).catch(() => undefined);
  }
  return found.device_id;
}

export function createDeviceTokens(pool: Pool): DeviceTokens {
  const database = createDatabase(pool);
  return {
    issue: (request) => issue(database, request),
    rotate: (request) =>
      database.transaction(async (connection) => {
        await lockDevice(connection, request.deviceId);
        await endFormer(connection, request);
        return issue(connection, request);
      }),
    revoke: (selection) =>
      database.transaction(async (connection) => {
        if ('deviceId' in selection) await lockDevice(connection, selection.deviceId);
        return revoke(connection, selection);
      }),
    async list({ deviceId } = {}) {
      const { rows } = await database.query<TokenRow>(
        `SELECT ${COLUMNS} FROM devices.tokens WHERE $1::text IS NULL OR device_id = $1
         ORDER BY issued_at DESC, token_id LIMIT ${LIST_LIMIT}`,
        [deviceId ?? null],
      );
      return rows.map(toToken);
    },
    deviceOf: (token) => deviceOf(database, token),
  };
}
