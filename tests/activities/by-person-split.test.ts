/** Which splits by person a training is scored on, and which are refused because the clock gives the labels away. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createAnnotationStore } from '../../annotation/annotation';
import { createTrainingActivities } from '../../activities/training-activities';
import { NOBODY } from '../../lakehouse/suppression';
import { createRegistry } from '../../registry/registry';
import { createTestDatabase, type TestDatabase } from '../support/database';
import {
  archiveFiles,
  ingestInto,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
  type Files,
  type RecordingFacts,
} from '../support/recordings';
import { LABELS, SUBJECTS } from '../support/training-runs';

const folder = temporaryFolder();
const dataset = 'watch';
const TIMES = [0, 1, 2];

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Everybody does everything three times; a person's number tells when, and what the recording is like. */
const recordingsOf = (more: (at: number, person: number, label: string) => object) =>
  TIMES.flatMap((time) =>
    LABELS.flatMap((label, index) =>
      SUBJECTS.map((subject, person): RecordingFacts => ({
        ...{ recording: `${subject}-${label}-${time}`, subject, device: `watch-${subject}` },
        ...{ label, samples: 1000 },
        ...more(time * LABELS.length + index, person, label),
      })),
    ),
  );

async function evaluationOf(model: string, files: Files) {
  const lake = newLake(folder.path());
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  await refreshLake(lake);
  const { freezeTrainingSet, trainVersion } = createTrainingActivities({
    ...{ lake, registry: createRegistry(database.pool), suppression: NOBODY, codeVersion: 'test' },
    annotation: createAnnotationStore(database.pool),
  });
  return new MockActivityEnvironment().run(async () => {
    const knownUntil = new Date().toISOString();
    const frozen = await freezeTrainingSet({ model, dataset, withLabels: false, knownUntil });
    const { snapshotId } = frozen;
    const { evaluation } = await trainVersion({
      ...{ model, dataset, snapshotId, seed: 0, shuffleLabels: false },
      scheme: 'leave-one-subject-out',
    });
    return evaluation;
  });
}

const LEAKAGE = { type: 'LEAKAGE_FOUND', nonRetryable: true };

test('people who do the same things at the same moments of their clocks are scored', async () => {
  const timetable = recordingsOf((at, person) => ({
    startMs: at * 60_000,
    // Nobody moves like anybody else.
    periodMs: 20 + person,
  }));
  const evaluation = await evaluationOf('timetable', archiveFiles(timetable));
  expect(evaluation).toMatchObject({ scheme: 'leave-one-subject-out' });
});

test('one person under several names is refused: the clock gives the labels away', async () => {
  const inTurn = recordingsOf((at, person) => ({ startMs: at * 600_000 + person * 25_000 }));
  await expect(evaluationOf('several-names', archiveFiles(inTurn))).rejects.toMatchObject(LEAKAGE);
});

test('so are copies of one recording under several names', async () => {
  const seen = recordingsOf((at) => ({ startMs: at * 60_000 }));
  const files = archiveFiles(seen);
  const [first = ''] = SUBJECTS;
  const copied = Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      const subject = SUBJECTS.find((each) => name.startsWith(`recordings/${each}-`));
      return [name, subject ? (files[name.replace(subject, first)] ?? text) : text];
    }),
  );
  await expect(evaluationOf('copies', copied)).rejects.toMatchObject(LEAKAGE);
});
