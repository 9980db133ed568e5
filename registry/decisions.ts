/** What the promotion gate used and decided: holdout uses and verdicts, each counted once a run. */
import { onlyRow, type Database } from '../core/postgres';
import type { Evidence } from './aliases';

export interface HoldoutUse {
  model: string;
  holdout: string;
  /** Another name of the same holdout, whose uses count as well. */
  formerly?: string;
  /** What it is used for: to look at the same again tells nothing new. Earlier releases counted each run. */
  comparison: string;
}

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

const TRIED = `FROM registry.versions v
  WHERE v.model = $1 AND v.card->'data'->>'dataset' = $2
    AND v.card->'data'->>'shuffledLabels' IS DISTINCT FROM 'true'
    AND (EXISTS (SELECT 1 FROM registry.verdicts d WHERE d.model = v.model
        AND d.challenger = v.version AND d.reason <> 'withdrawn-subject')
      OR EXISTS (SELECT 1 FROM registry.alias_moves m
        WHERE m.model = v.model AND m.alias = 'champion' AND m.to_version = v.version))`;

const asText = (version: number | null) => (version === null ? null : String(version));

const toVerdict = ({ decided_at, champion, challenger, ...row }: VerdictRow): Verdict => ({
  ...row,
  champion: asText(champion),
  challenger: asText(challenger),
  decidedAt: decided_at.toISOString(),
});

export function createDecisions(database: Database) {
  return {
    /** Counts a use of a holdout; the same comparison counts once. */
    async recordHoldoutUse({ model, holdout, formerly = holdout, comparison }: HoldoutUse) {
      await database.query(
        `INSERT INTO registry.holdout_uses (model, holdout, run, used_at)
         SELECT model, $2::text, run, used_at FROM registry.holdout_uses
           WHERE model = $1 AND holdout = $4
         UNION ALL SELECT $1::text, $2::text, $3::text, now() ON CONFLICT DO NOTHING`,
        [model, holdout, comparison, formerly],
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

    /**
     * Until when answers were known (ISO time) to what has been judged or champion; null when nothing
     * has that learned from answers. A control, and what lost its people meanwhile, tell nothing of them.
     */
    async triedUntil({ model, dataset }: { model: string; dataset: string }) {
      const { rows } = await database.query<{ until: string | null }>(
        `SELECT max((v.card->'data'->>'knownUntil') COLLATE "C") AS until ${TRIED}`,
        [model, dataset],
      );
      return rows[0]?.until ?? null;
    },

    /** Whose recordings those have learned from. */
    async triedSubjects({ model, dataset }: { model: string; dataset: string }): Promise<string[]> {
      const { rows } = await database.query<{ base: string[] | null }>(
        `SELECT v.card->'data'->'baseSubjects' AS base ${TRIED}`,
        [model, dataset],
      );
      return [...new Set(rows.flatMap(({ base }) => base ?? []))];
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
