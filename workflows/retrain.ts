/** Trains a challenger on what is known by now; moves the champion alias only when the gate says so. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  log,
  patched,
  proxyActivities,
  sleep,
} from '@temporalio/workflow';
import type { RegistryActivities } from '../activities/registry-activities';
import type { StreamActivities } from '../activities/stream-activities';
import type { ComparisonActivities } from '../activities/comparison-activities';
import type { TrainingActivities } from '../activities/training-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import type { ErrorCode } from '../core/errors';
import {
  decidePromotion,
  refuseControl,
  type Comparison,
  type SkipReason,
  type Verdict,
} from '../models/promotion';
import { toFailure } from './failures';
import { SHORT, TRAINING } from './profiles';
import { tagRun, trackProgress } from './progress';
import { runReference } from './run-reference';
import { validated } from './validate';

const { freezeTrainingSet, trainVersion } = proxyActivities<TrainingActivities>(TRAINING);
const { compareVersions } = proxyActivities<ComparisonActivities>(TRAINING);
const { countNewLabels } = proxyActivities<ComparisonActivities>(SHORT);
const { requireChampion, moveChampion, takeLease, returnLease, recordVerdict } =
  proxyActivities<RegistryActivities>(SHORT);
const { announceChampion } = proxyActivities<StreamActivities>(SHORT);

const LEASE_LOST: ErrorCode = 'LEASE_LOST';
const ALIAS_MOVED: ErrorCode = 'ALIAS_MOVED';

// Seven hours of waiting stay below a thousand events.
const LOOK_EVERY_MS = 5 * 60_000;

type Lease = Parameters<typeof takeLease>[0];
type Report = ReturnType<typeof trackProgress>;

export interface Score {
  version: string;
  accuracy: number;
  macroF1: number;
}

export interface RetrainResult {
  model: string;
  outcome: Verdict['outcome'] | 'skipped';
  /** docs/promotion.md says what each means. */
  reason: Verdict['reason'] | SkipReason;
  explanation: string;
  pValue: number | null;
  meanDifference: number | null;
  champion: Score | null;
  challenger: Score | null;
  comparisonKey: string | null;
  /** With `need-more-labels`: which classes, and how many of each. */
  needed: { label: string; count: number }[];
  /** The holdout has decided too often to be trusted further. */
  newHoldoutAdvised: boolean;
}

export async function retrain(raw: WorkflowInput<'retrain'>): Promise<RetrainResult> {
  const progress = trackProgress();
  const input = await validated('retrain', raw);
  tagRun({ dataset: input.dataset, model: input.model });

  const lease: Lease = {
    name: `retrain/${input.model}`,
    holder: runReference(),
    ttlSeconds: input.leaseMinutes * 60,
  };
  // Inside the try: a run cancelled while it takes the lease may have got it nevertheless.
  try {
    const { waitMinutes = 0 } = input;
    const { acquired, holder, expiresAt } = await takeWithin(lease, waitMinutes, progress);
    if (!acquired) {
      const waited = waitMinutes > 0 ? ` It was waited for ${waitMinutes} minutes.` : '';
      const detail = `Another retrain runs: ${holder}. Its lease ends at ${expiresAt}, unless it is renewed.${waited}`;
      return finished(skipped(input, 'lease-held', detail), progress);
    }
    progress('looking for new labels', { model: input.model });
    const fresh = await countNewLabels({
      ...{ model: input.model, dataset: input.dataset },
      ...(input.newPeople ? { newPeopleOf: { seed: input.seed } } : {}),
    });
    const { labels, people = 0 } = fresh;
    if (labels < input.minimumNewLabels && people === 0) {
      const nobody = input.newPeople ? ', and nobody is new' : '';
      const detail = `${labels} new labels, ${input.minimumNewLabels} wanted${nobody}`;
      return finished(skipped(input, 'too-few-new-labels', detail), progress);
    }
    return finished(await challenge(input, lease, progress), progress);
  } catch (error) {
    const why = standsDown(error);
    if (why === null) throw error;
    return finished(skipped(input, why.reason, why.explanation), progress);
  } finally {
    await CancellationScope.nonCancellable(() => returnLease(lease));
  }
}

/** Another retrain is waited for as long as was asked. */
async function takeWithin(
  lease: Lease,
  waitMinutes: number,
  progress: Report,
): ReturnType<typeof takeLease> {
  const untilMs = Date.now() + waitMinutes * 60_000;
  for (;;) {
    const taken = await takeLease(lease);
    const leftMs = Math.ceil(untilMs - Date.now());
    if (taken.acquired || leftMs <= 0) return taken;
    progress(`waiting for ${taken.holder}`);
    await sleep(Math.min(LOOK_EVERY_MS, leftMs), { summary: 'Waits for another retrain' });
  }
}

async function challenge(
  input: ValidInput<'retrain'>,
  lease: Lease,
  progress: Report,
): Promise<RetrainResult> {
  const { model, dataset } = input;
  const champion = await requireChampion({ model });
  progress('freezing the training snapshot', { model, champion: champion.version });
  const knownUntil = new Date().toISOString();
  const frozen = await freezeTrainingSet({
    ...{ model, dataset, seed: input.seed },
    ...{ withLabels: true, newPeople: input.newPeople, knownUntil, lease },
  });

  const { rows, subjects, staleLabels } = frozen;
  const left: Record<string, number> = staleLabels > 0 ? { 'labels left out': staleLabels } : {};
  progress('training the challenger', { rows, subjects, ...left });
  const challenger = await trainVersion({
    ...input,
    snapshotId: frozen.snapshotId,
    scheme: 'none',
    lease,
  });

  tagRun({ version: challenger.version });
  progress('comparing on the holdout', { challenger: challenger.version });
  const comparison = await compareVersions({
    model,
    dataset,
    champion: champion.version,
    challenger: challenger.version,
    seed: input.seed,
    knownUntil,
    run: runReference(),
    lease,
  });
  const verdict = decide(comparison.figures, input);
  log.info('promotion decided', { model, outcome: verdict.outcome, reason: verdict.reason });
  progress(`decided: ${verdict.outcome}`, {
    reason: verdict.reason,
    pValue: verdict.pValue,
    holdoutUses: comparison.figures.holdoutUses,
    newHoldoutAdvised: verdict.newHoldoutAdvised,
  });

  const decided = {
    model,
    outcome: verdict.outcome,
    reason: verdict.reason,
    evidence: { comparisonKey: comparison.key },
    run: runReference(),
  };
  const [from, to] = [champion.version, challenger.version];
  if (verdict.outcome === 'promote') await promote({ ...decided, from, to, lease });
  else {
    const { explanation } = verdict;
    await recordVerdict({ ...decided, champion: from, version: to, explanation });
  }
  return {
    model,
    outcome: verdict.outcome,
    reason: verdict.reason,
    explanation: verdict.explanation,
    pValue: verdict.pValue,
    meanDifference: verdict.meanDifference,
    champion: comparison.champion,
    challenger: comparison.challenger,
    comparisonKey: comparison.key,
    needed: verdict.needed ?? [],
    newHoldoutAdvised: verdict.newHoldoutAdvised,
  };
}

/** A champion that was moved is announced, whoever cancels meanwhile: predictors would not know it. */
const promote = (move: Parameters<typeof moveChampion>[0]): Promise<void> =>
  CancellationScope.nonCancellable(async () => {
    await moveChampion(move);
    await announceChampion({ model: move.model, version: move.to });
  });

/** Why the run decides nothing: another has its lease, or the champion that it compared with is none any more. */
function standsDown(error: unknown): { reason: SkipReason; explanation: string } | null {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) return null;
  const explanation = cause.message;
  if (cause.type === LEASE_LOST) return { reason: 'lease-lost', explanation };
  if (cause.type === ALIAS_MOVED && patched('skips-when-champion-moved'))
    return { reason: 'champion-moved', explanation };
  return null;
}

function decide(figures: Comparison, input: ValidInput<'retrain'>): Verdict {
  const verdict = judged(figures, input.gate);
  const isPassingControl = input.shuffleLabels && verdict.outcome === 'promote';
  return isPassingControl && patched('control-never-champion') ? refuseControl(verdict) : verdict;
}

/** Figures that do not fit together end the run. */
function judged(figures: Comparison, gate: ValidInput<'retrain'>['gate']): Verdict {
  try {
    return decidePromotion(figures, gate);
  } catch (error) {
    throw toFailure(error);
  }
}

const skipped = (
  input: ValidInput<'retrain'>,
  reason: SkipReason,
  explanation: string,
): RetrainResult => ({
  model: input.model,
  outcome: 'skipped',
  reason,
  explanation,
  pValue: null,
  meanDifference: null,
  champion: null,
  challenger: null,
  comparisonKey: null,
  needed: [],
  newHoldoutAdvised: false,
});

function finished(result: RetrainResult, progress: Report): RetrainResult {
  const { outcome, reason, explanation } = result;
  // Else the list would end with what the run was about to do.
  if (outcome === 'skipped') progress(outcome, { reason, explanation });
  tagRun({ outcome });
  return result;
}
