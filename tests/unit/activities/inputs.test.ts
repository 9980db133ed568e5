/** Inputs of workflows: nothing is dropped in silence, and fields that do not fit together are refused. */
import { parseInput } from '../../../activities/input-activities';
import type { WorkflowName } from '../../../activities/inputs';
import { WatchlakeError } from '../../../core/errors';

/** Enough of each that only the field in question can be wrong. */
const VALID = {
  ingest: { source: 'a.zip', dataset: 'watch' },
  refreshTables: { dataset: 'watch' },
  trainModel: { dataset: 'watch' },
  predictStream: { dataset: 'watch' },
  annotationCampaign: { campaign: 'c', dataset: 'watch' },
  retrain: { dataset: 'watch' },
  activeLearningLoop: { name: 'n', source: 'a.zip', dataset: 'watch' },
} satisfies Partial<Record<WorkflowName, object>>;

type Known = keyof typeof VALID;

function problemOf(workflow: Known, fields: object): string {
  try {
    parseInput(workflow, { ...VALID[workflow], ...fields });
  } catch (error) {
    expect(error).toBeInstanceOf(WatchlakeError);
    return (error as WatchlakeError).message;
  }
  throw new Error('the input was accepted');
}

const waiting = { tasks: 1, startedMs: 1, reminders: 0 };
const carried = { predicted: 1, late: 0, deadLettered: 0 };
const subjects = { bootstrap: 1, stream: 1, holdout: 6 };
const window = { lengthMs: 4000, stepMs: 2000 };

test.each<[Known, string, object]>([
  ['refreshTables', 'window', window],
  ['activeLearningLoop', 'window', window],
  ['activeLearningLoop', 'subjects', subjects],
  ['activeLearningLoop', 'gate', { alpha: 0.01 }],
  ['retrain', 'gate', { alpha: 0.01 }],
  ['predictStream', 'carried', carried],
  ['annotationCampaign', 'waiting', waiting],
])('%s takes %s, and refuses a key in it that it does not know', (workflow, field, value) => {
  expect(parseInput(workflow, { ...VALID[workflow], [field]: value })).toMatchObject({
    [field]: value,
  });
  const problem = problemOf(workflow, { [field]: { ...value, lenghtMs: 1 } });
  expect(problem).toContain(`${workflow}.${field}`);
  expect(problem).toContain('lenghtMs');
});

test.each<[Known, string, string]>([
  ['ingest', 'https://ann:hush@example.org/a.zip', 'password'],
  ['ingest', 'https://hush@example.org/a.zip', 'password'],
  ['refreshTables', 's3://hush:hush@bucket/a.zip', 'password'],
  ['activeLearningLoop', 'https://example.org/a.zip?part=1&X-Amz-Signature=hush', 'Signature'],
  ['ingest', 'https://example.org/a.zip?sv=1&sig=hush', 'sig'],
  ['ingest', 'https://example.org/a.zip?access_token=hush#x', 'access_token'],
  ['ingest', 'https://example.org:hush/a.zip', 'no valid address'],
])('%s refuses the source %s, and does not repeat it', (workflow, source, why) => {
  const problem = problemOf(workflow, { source });
  expect(problem).toContain(`${workflow}.source`);
  expect(problem).toContain(why);
  expect(problem).not.toContain('hush');
});

test.each([
  'a.zip',
  '/data/ann@home/a.zip?token=1',
  'https://example.org/a.zip?part=1&key=2#@',
  's3://bucket/ann@home/',
  'glue://raw?step_trainer=steps',
])('the source %s is taken', (source) => {
  expect(parseInput('ingest', { ...VALID.ingest, source })).toMatchObject({ source });
});

test.each<[Known, object, string, RegExp]>([
  ['retrain', { gate: { minimumSubjects: 5 } }, 'retrain.gate.minimumSubjects', /at least 6/],
  [
    'activeLearningLoop',
    { gate: { minimumSubjects: 1 } },
    'activeLearningLoop.gate.minimumSubjects',
    /cannot prove/,
  ],
  [
    'refreshTables',
    { window: { lengthMs: 1000, stepMs: 1001 } },
    'refreshTables.window.stepMs',
    /length of a window/,
  ],
  // The step that is left out has a default as well.
  [
    'refreshTables',
    { window: { lengthMs: 1000 } },
    'refreshTables.window.stepMs',
    /length of a window/,
  ],
  ['trainModel', { subjects: [] }, 'trainModel.subjects', /at least one/],
  ['activeLearningLoop', { name: 'n'.repeat(57) }, 'activeLearningLoop.name', /56/],
])('%s refuses %j', (workflow, fields, field, why) => {
  const problem = problemOf(workflow, fields);
  expect(problem).toContain(field);
  expect(problem).toMatch(why);
});

test('accepts no name of a loop that the simulations of the loop could not be named after', () => {
  const { name } = parseInput('activeLearningLoop', {
    ...VALID.activeLearningLoop,
    name: 'n'.repeat(56),
  });
  for (const part of ['pool', 'unseen']) {
    const simulation = { name: `${name}-${part}`, dataset: 'watch' };
    expect(parseInput('simulateDevices', simulation).name).toBe(simulation.name);
  }
});

test('accepts windows that lie side by side, and a gate of exactly six subjects', () => {
  expect(parseInput('refreshTables', { dataset: 'watch', window: { stepMs: 4000 } })).toMatchObject(
    { window: { lengthMs: 4000, stepMs: 4000 } },
  );
  expect(parseInput('retrain', { dataset: 'watch', gate: { minimumSubjects: 6 } })).toMatchObject({
    gate: { minimumSubjects: 6 },
  });
});
