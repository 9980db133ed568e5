/** Steps on the registry: who is champion, who may move it, and what was decided. */
import { isWatchlakeError } from '../core/errors';
import { CHAMPION, type AliasTarget, type Evidence, type MoveResult } from '../registry/aliases';
import type { LeaseInput, LeaseResult } from '../registry/leases';
import { noChampion } from '../registry/no-champion';
import type { Registry } from '../registry/registry';
import { asActivities } from './as-activities';
import { refuseOtherDataset, type ChampionQuery } from './champion';
import { count } from './meters';

export interface RegistryDeps {
  registry: Registry;
  /** Whether the run of that reference is still open, whatever its leases say. */
  isOpen: (run: string) => Promise<boolean>;
}

export interface MoveChampionInput {
  model: string;
  /** The version that must be champion now; null when there must be none. */
  from: string | null;
  to: string;
  outcome: string;
  reason: string;
  evidence?: Evidence;
  /** The run that moves it; also who did it, unless an actor is named. */
  run: string;
  actor?: string;
  /** Lets another champion stay that is there by now, and tells which, instead of failing. */
  yields?: boolean;
  /** Moves only while the run has this lease. */
  lease?: { name: string; holder: string };
}

export interface RecordVerdictInput {
  model: string;
  /** The challenger that was judged. */
  version: string;
  champion?: string;
  outcome: string;
  reason: string;
  explanation?: string;
  evidence?: Evidence;
  run: string;
}

export function createRegistryActivities({ registry, isOpen }: RegistryDeps) {
  const getChampion = ({ model }: { model: string }): Promise<AliasTarget | null> =>
    registry.getAlias({ model, alias: CHAMPION });

  return asActivities({
    // Reading is safe to repeat.
    getChampion,

    // Reading is safe to repeat.
    async requireChampion({ model }: { model: string }): Promise<AliasTarget> {
      const champion = await getChampion({ model });
      if (champion === null) throw await noChampion(registry, model);
      return champion;
    },

    // Reading is safe to repeat.
    checkModelDataset: (query: ChampionQuery): Promise<void> => refuseOtherDataset(registry, query),

    // Safe to retry: a run moves the alias once, and finds the move already made.
    async moveChampion({ yields = false, ...input }: MoveChampionInput): Promise<MoveResult> {
      const { model, run, actor = run, outcome } = input;
      try {
        const result = await registry.moveAlias({ ...input, alias: CHAMPION, actor });
        // A first version is champion without a judgement.
        if (result.moved && input.from !== null) count('decisions', 1, { model, outcome });
        return result;
      } catch (error) {
        const wasTaken = isWatchlakeError(error) && error.code === 'ALIAS_MOVED';
        const present = yields && wasTaken ? await getChampion({ model }) : null;
        if (present === null) throw error;
        return { ...present, moved: false };
      }
    },

    // Safe to retry: the holder that asks again has it already.
    async takeLease(input: LeaseInput): Promise<LeaseResult> {
      const { name, holder, ttlSeconds } = input;
      const overdue = await registry.overdueHolder({ name });
      // Nobody renews a lease while the holder's next step waits for a free worker.
      if (overdue !== null && overdue !== holder && (await isOpen(overdue))) {
        await registry.renewLease({ name, holder: overdue, ttlSeconds });
      }
      return registry.acquireLease(input);
    },

    // Safe to retry: what is given back already stays so, and nobody else's lease is touched.
    returnLease: ({ name, holder }: { name: string; holder: string }) =>
      registry.releaseLease({ name, holder }),

    // Safe to retry: the first verdict of a run stays.
    async recordVerdict(input: RecordVerdictInput): Promise<{ recorded: boolean }> {
      const { model, outcome } = input;
      const result = await registry.recordVerdict({
        ...{ model, outcome },
        run: input.run,
        champion: input.champion ?? null,
        challenger: input.version,
        reason: input.reason,
        explanation: input.explanation ?? '',
        evidence: input.evidence,
      });
      if (result.recorded) count('decisions', 1, { model, outcome });
      return result;
    },
  });
}

export type RegistryActivities = ReturnType<typeof createRegistryActivities>;
