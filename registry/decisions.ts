/** What the promotion gate used and decided: holdout uses and verdicts, each counted once a run. */
import { onlyRow, type Database } from '../core/postgres';
import type { Evidence } from './aliases';

export interface VerdictInput {
  model: string;
  run: string;
  champion: string | null;
  challenger: string | null;
  outcome: string;
  reason: string;
  explanation: string;
  evidence?: Evidence;
}

export interface Verdict extends Required<VerdictInput> {
  decidedAt: string;
}

interface VerdictRow {
  model: string;
  run: string;
  champion: number | null;
  challenger: number | null;
  outcome: string;
  reason: string;
  explanation: string;
  evidence: Evidence;
  decided_at: Date;
}

const asText = (version: number | null) => (version === null ? null : String(version));

const toVerdict = ({ decided_at, champion, challenger, ...row }: VerdictRow): Verdict => ({
  ...row,
  champion: asText(champion),
  challenger: asText(challenger),
  decidedAt: decided_at.toISOString(),
});

export function createDecisions(database: Database) {
  return {
    /** Counts a use of a holdout; the same run counts once. */
    async recordHoldoutUse(input: { model: string; holdout: string; run: string }) {
      const { model, holdout, run } = input;
      await database.query(
        `INSERT INTO registry.holdout_uses (model, holdout, run) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING`,
        [model, holdout, run],
      );
      const counted = await database.query<{ uses: number }>(
        'SELECT count(*)::int AS uses FROM registry.holdout_uses WHERE model = $1 AND holdout = $2',
        [model, holdout],
      );
      return { uses: onlyRow(counted).uses };
    },

    /** Keeps the gate's decision; the first one of a run stays. */
    async recordVerdict(input: VerdictInput): Promise<{ recorded: boolean }> {
      const {
        model,
        run,
        champion,
        challenger,
        outcome,
        reason,
        explanation,
        evidence = {},
      } = input;
      const { rowCount } = await database.query(
        `INSERT INTO registry.verdicts
           (model, run, champion, challenger, outcome, reason, explanation, evidence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
        [model, run, champion, challenger, outcome, reason, explanation, JSON.stringify(evidence)],
      );
      return { recorded: rowCount === 1 };
    },

    /** The newest first. */
    async verdicts({ model, limit = 1_000 }: { model: string; limit?: number }) {
      const { rows } = await database.query<VerdictRow>(
        `SELECT model, run, champion, challenger, outcome, reason, explanation, evidence, decided_at
         FROM registry.verdicts WHERE model = $1 ORDER BY decided_at DESC, run LIMIT $2`,
        [model, limit],
      );
      return rows.map(toVerdict);
    },
  };
}
