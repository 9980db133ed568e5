/** Aliases such as `champion`: moved by compare-and-set, every move with its audit row. */
import { WatchlakeError } from '../core/errors';
import type { Database, Queryable } from '../core/postgres';
import { requireLease } from './leases';
import { previousVersion, ROLLBACK } from './rollback';
import { unknownModel } from './unknown-names';
import { lockModel, readVersion, refuseRemoved } from './versions';

export const CHAMPION = 'champion';

export interface AliasTarget {
  version: string;
  /** How often the alias was moved: tells two moves to the same version apart. */
  generation: number;
}

/** Figures and references behind a decision; JSON, no personal data. */
export type Evidence = Readonly<Record<string, unknown>>;

export interface AliasMoveInput {
  model: string;
  alias: string;
  /** The version that the alias must point at now; null when it must not exist yet. */
  from: string | null;
  to: string;
  outcome: string;
  reason: string;
  actor: string;
  evidence?: Evidence;
  /** The run that moves it: its retry finds the move already made. */
  run?: string;
  /** Moves only while this lease is the holder's; else LEASE_LOST. */
  lease?: { name: string; holder: string };
}

export interface AliasMove extends AliasTarget {
  alias: string;
  from: string | null;
  outcome: string;
  reason: string;
  actor: string;
  run: string | null;
  evidence: Evidence;
  movedAt: string;
}

export interface MoveResult extends AliasTarget {
  /** False when this run had made the move before. */
  moved: boolean;
}

interface MoveRow {
  alias: string;
  generation: number;
  from_version: number | null;
  to_version: number;
  outcome: string;
  reason: string;
  actor: string;
  run: string | null;
  evidence: Evidence;
  moved_at: Date;
}

const toMove = (row: MoveRow): AliasMove => ({
  alias: row.alias,
  generation: row.generation,
  from: row.from_version === null ? null : String(row.from_version),
  version: String(row.to_version),
  outcome: row.outcome,
  reason: row.reason,
  actor: row.actor,
  run: row.run,
  evidence: row.evidence,
  movedAt: row.moved_at.toISOString(),
});

async function readAlias(connection: Queryable, model: string, alias: string) {
  const { rows } = await connection.query<{ version: number; generation: number }>(
    'SELECT version, generation FROM registry.aliases WHERE model = $1 AND alias = $2',
    [model, alias],
  );
  const [row] = rows;
  return row ? { version: String(row.version), generation: row.generation } : null;
}

async function readMoves(connection: Queryable, model: string, limit: number) {
  const { rows } = await connection.query<MoveRow>(
    `SELECT alias, generation, from_version, to_version, outcome, reason, actor, run, evidence, moved_at
     FROM registry.alias_moves WHERE model = $1
     ORDER BY moved_at DESC, generation DESC LIMIT $2`,
    [model, limit],
  );
  return rows.map(toMove);
}

async function earlierMoveOfRun(connection: Queryable, input: AliasMoveInput) {
  if (input.run === undefined) return null;
  const { rows } = await connection.query<{ to_version: number; generation: number }>(
    `SELECT to_version, generation FROM registry.alias_moves
     WHERE model = $1 AND alias = $2 AND run = $3`,
    [input.model, input.alias, input.run],
  );
  const [row] = rows;
  return row ? { version: String(row.to_version), generation: row.generation } : null;
}

function refuseUnexpected(input: AliasMoveInput, actual: string | null, expected: string | null) {
  if (actual === expected) return;
  const { model, alias } = input;
  throw new WatchlakeError('ALIAS_MOVED', {
    model,
    alias,
    actual: actual ?? 'nothing',
    expected: expected ?? 'nothing',
  });
}

async function writeMove(connection: Queryable, input: AliasMoveInput, generation: number) {
  const { model, alias, from, to, outcome, reason, actor, evidence = {}, run = null } = input;
  await connection.query(
    `INSERT INTO registry.aliases (model, alias, version, generation) VALUES ($1, $2, $3, $4)
     ON CONFLICT (model, alias) DO UPDATE
     SET version = excluded.version, generation = excluded.generation, moved_at = now()`,
    [model, alias, to, generation],
  );
  await connection.query(
    `INSERT INTO registry.alias_moves
       (model, alias, generation, from_version, to_version, outcome, reason, actor, run, evidence)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [model, alias, generation, from, to, outcome, reason, actor, run, JSON.stringify(evidence)],
  );
}

/** The whole move, on a connection that holds the model's lock. */
async function move(connection: Queryable, input: AliasMoveInput): Promise<MoveResult> {
  refuseRemoved(await readVersion(connection, { model: input.model, version: input.to }));
  const earlier = await earlierMoveOfRun(connection, input);
  if (earlier) {
    refuseUnexpected(input, earlier.version, input.to);
    return { ...earlier, moved: false };
  }
  if (input.lease) await requireLease(connection, input.lease);
  const current = await readAlias(connection, input.model, input.alias);
  refuseUnexpected(input, current?.version ?? null, input.from);
  const generation = (current?.generation ?? 0) + 1;
  await writeMove(connection, input, generation);
  return { version: input.to, generation, moved: true };
}

export interface RollbackInput {
  model: string;
  alias?: string;
  actor: string;
  reason: string;
  run?: string;
}

async function usableVersions(connection: Queryable, model: string): Promise<Set<string>> {
  const { rows } = await connection.query<{ version: number; removed: boolean }>(
    'SELECT version, removed_at IS NOT NULL AS removed FROM registry.versions WHERE model = $1',
    [model],
  );
  if (rows.length === 0) throw await unknownModel(connection, model);
  return new Set(rows.flatMap(({ version, removed }) => (removed ? [] : [String(version)])));
}

async function rollBack(connection: Queryable, input: RollbackInput): Promise<MoveResult> {
  const { model, alias = CHAMPION, actor, reason, run } = input;
  const moves = (await readMoves(connection, model, 10_000))
    .filter((each) => each.alias === alias)
    .sort((a, b) => a.generation - b.generation);
  const done = moves.find((each) => run !== undefined && each.run === run);
  if (done) return { version: done.version, generation: done.generation, moved: false };
  const from = moves.at(-1)?.version ?? null;
  const steps = moves.map(({ version, outcome }) => ({ to: version, outcome }));
  const to = previousVersion(steps, await usableVersions(connection, model));
  if (to === null) throw new WatchlakeError('NO_PREVIOUS_CHAMPION', { model, alias });
  return move(connection, { model, alias, from, to, outcome: ROLLBACK, reason, actor, run });
}

export function createAliases(database: Database) {
  const locked = <Result>(model: string, work: (connection: Queryable) => Promise<Result>) =>
    database.transaction(async (connection) => {
      await lockModel(connection, model);
      return work(connection);
    });
  return {
    getAlias: ({ model, alias }: { model: string; alias: string }): Promise<AliasTarget | null> =>
      readAlias(database, model, alias),

    /** Moves the alias only when it still points where the caller saw it; else ALIAS_MOVED. */
    moveAlias: (input: AliasMoveInput): Promise<MoveResult> =>
      locked(input.model, (connection) => move(connection, input)),

    /** Back to the version before the present one, or NO_PREVIOUS_CHAMPION. */
    rollback: (input: RollbackInput): Promise<MoveResult> =>
      locked(input.model, (connection) => rollBack(connection, input)),

    /** Every move, the newest first. */
    history: ({ model, limit = 1_000 }: { model: string; limit?: number }): Promise<AliasMove[]> =>
      readMoves(database, model, limit),
  };
}
