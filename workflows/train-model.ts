/** Trains one version on a frozen snapshot; it becomes champion only where there is none yet. */
import { proxyActivities } from '@temporalio/workflow';
import type { RegistryActivities } from '../activities/registry-activities';
import type { TrainingActivities } from '../activities/training-activities';
import type { WorkflowInput } from '../activities/inputs';
import { FIRST_VERSION } from '../models/promotion';
import { SHORT, TRAINING } from './profiles';
import { tagRun, trackProgress } from './progress';
import { runReference } from './run-reference';
import { validated } from './validate';

const { freezeTrainingSet, trainVersion } = proxyActivities<TrainingActivities>(TRAINING);
const { getChampion, moveChampion } = proxyActivities<RegistryActivities>(SHORT);

export interface TrainResult {
  model: string;
  version: string;
  snapshotId: string;
  rows: number;
  subjects: number;
  champion: string;
  evaluation: {
    scheme: string;
    accuracy: number;
    macroF1: number;
    worstSubject: { subject: string; accuracy: number } | null;
  } | null;
}

export async function trainModel(raw: WorkflowInput<'trainModel'>): Promise<TrainResult> {
  const progress = trackProgress();
  const input = await validated('trainModel', raw);
  tagRun({ dataset: input.dataset, model: input.model });

  progress('freezing the training snapshot', { model: input.model, dataset: input.dataset });
  const frozen = await freezeTrainingSet({
    ...input,
    withLabels: false,
    knownUntil: new Date().toISOString(),
  });
  progress('training', { rows: frozen.rows, subjects: frozen.subjects, scheme: input.scheme });
  const trained = await trainVersion({
    ...input,
    snapshotId: frozen.snapshotId,
    shuffleLabels: false,
  });
  tagRun({ version: trained.version });

  const champion =
    (await getChampion({ model: input.model })) ??
    (await moveChampion({
      model: input.model,
      from: null,
      to: trained.version,
      outcome: 'promote',
      reason: FIRST_VERSION,
      evidence: { snapshotId: frozen.snapshotId },
      run: runReference(),
      // Another first training may have been faster: then its version stays.
      yields: true,
    }));
  progress('trained', { version: trained.version, macroF1: trained.evaluation?.macroF1 ?? null });
  return {
    model: input.model,
    champion: champion.version,
    ...frozen,
    ...trained,
  };
}
