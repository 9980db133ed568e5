/** What trainings of a test start from: a small refreshed lake, and predictions to ask about. */
import { createPredictionSource } from '../../activities/prediction-source';
import type { Lake } from '../../lakehouse/lake';
import { predictionsTable } from '../../lakehouse/watch/model-tables';
import { encodeSignal } from '../../streaming/prediction';
import { newTask } from './label-tasks';
import { publishNext } from './publishing';
import { archiveFiles, ingestInto, newLake, refreshLake, writeZip } from './recordings';

export const LABELS = ['walking', 'resting'];
export const SUBJECTS = ['Ann', 'Bea', 'Cem', 'Dan'];

/** Every subject does everything, on a watch of their own. */
export async function lakeOfTrainings(folder: string): Promise<Lake> {
  const lake = newLake(folder);
  const recordings = SUBJECTS.flatMap((subject, person) =>
    LABELS.map((label, index) => ({
      recording: `${subject}-${label}`,
      subject,
      device: `watch-${subject}`,
      label,
      // Half of them in the other order, or the clock alone would give the labels away.
      startMs: ((index + person) % 2) * 60_000,
      samples: 2000,
    })),
  );
  await ingestInto(lake, { source: await writeZip(folder, archiveFiles(recordings)) });
  await refreshLake(lake);
  return lake;
}

/** A window of each of the subjects, as a champion has predicted them. */
export async function publishCandidates(
  lake: Lake,
  given: { dataset: string; model: string; subjectKeys: readonly string[] },
) {
  const { dataset, model, subjectKeys } = given;
  const table = predictionsTable({ dataset, recipe: 1 });
  const featureSchema = await createPredictionSource(lake).featureSchema({ dataset });
  const rows = subjectKeys.map((subjectKey, at) => {
    const { windowId, device, startMs, endMs, version, classes, ...task } = newTask(at);
    const { probabilities, features, signal } = task;
    return [
      ...[windowId, subjectKey, device, startMs, endMs, model, version, 'walking', 0.5, classes],
      ...[Float32Array.from(probabilities), 'uncertain', featureSchema, features],
      ...[JSON.stringify(encodeSignal(signal.channels, signal)), 0, at],
    ];
  });
  return publishNext(lake, { table, inputs: { model }, rows: () => rows });
}
