/** Makes label tasks with a plausible signal, for the tests of the store, the server and the page. */
import type { AnnotationStore } from '../../annotation/annotation';
import type { NewTask } from '../../annotation/tasks';

export const CLASSES = ['rest', 'walk', 'forward-elevation'];
const CHANNELS = ['ax', 'ay', 'az', 'wx', 'wy', 'wz'];
const SAMPLES = 200;
const PERIOD_MS = 20;

const wave = (channel: number) =>
  Float32Array.from({ length: SAMPLES }, (_, index) => Math.sin(index / (8 + 3 * channel)));

/** The task at `index` is less certain than every later one; each fourth is an audit task. */
export function newTask(index: number, changes: Partial<NewTask> = {}): NewTask {
  const startMs = 4_000 * index;
  const lead = Math.min(0.05 + index / 1_000, 0.6);
  return {
    windowId: `w${String(index).padStart(4, '0')}`,
    device: `watch-${index % 3}`,
    subjectKey: `key${index % 3}`,
    startMs,
    endMs: startMs + 4_000,
    kind: index % 4 === 3 ? 'audit' : 'uncertain',
    version: '1',
    classes: CLASSES,
    probabilities: [(1 + lead) / 2 - 0.1, (1 - lead) / 2 - 0.1, 0.2],
    featureSchema: 'schema-1',
    features: Float32Array.of(index, 0.5, -1),
    signal: {
      channels: CHANNELS,
      timestampsMs: Float64Array.from({ length: SAMPLES }, (_, i) => startMs + i * PERIOD_MS),
      values: CHANNELS.map((_, channel) => wave(channel)),
    },
    ...changes,
  };
}

export interface CampaignFixture {
  campaign: string;
  tasks: number;
  dataset?: string;
  classes?: string[];
  /** Of every task. */
  changes?: Partial<NewTask>;
}

export async function openCampaignWith(store: AnnotationStore, fixture: CampaignFixture) {
  const { campaign, tasks, dataset = 'watch', classes = CLASSES, changes } = fixture;
  await store.openCampaign({
    campaign,
    dataset,
    model: 'exercises',
    classes,
    channels: CHANNELS.map((name) => ({ name, unit: name.startsWith('a') ? 'g' : 'rad/s' })),
    target: Math.max(tasks, 1),
  });
  const made = Array.from({ length: tasks }, (_, index) => newTask(index, changes));
  await store.createTasks({ campaign, tasks: made });
  await store.markFilled({ campaign });
}

/** Makes tasks of a campaign of their own, and answers each of them with the label. */
export async function answered(
  store: AnnotationStore,
  given: { campaign: string; dataset: string; tasks: readonly NewTask[]; label: string },
): Promise<void> {
  const { campaign, dataset, tasks, label } = given;
  const [target, classes] = [tasks.length, [label]];
  await store.openCampaign({ campaign, dataset, model: 'm', classes, channels: [], target });
  await store.createTasks({ campaign, tasks });
  const lease = { campaign, annotator: 'ann', leaseSeconds: 60, count: target };
  const leased = await store.leaseTasks(lease);
  const answers = leased.map(({ task, lease: held }) => ({ task, lease: held, label }));
  await store.answerTasks({ annotator: 'ann', answers });
}
