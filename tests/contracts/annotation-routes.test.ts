/** What the API of the label tasks promises at its edges: ids that name nothing, and more campaigns than it lists. */
import { createAnnotationStore, type AnnotationStore } from '../../annotation/annotation';
import { createAppServer, type AppServer } from '../../annotation/server';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { openCampaignWith } from '../support/label-tasks';

let database: TestDatabase;
let annotation: AnnotationStore;
let server: AppServer;
let address: string;

beforeAll(async () => {
  database = await createTestDatabase();
  annotation = createAnnotationStore(database.pool);
  server = await createAppServer({ annotation, version: '0.1.0' });
  address = await server.listen(0);
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

async function post(path: string, body: unknown) {
  const response = await fetch(address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

test.each(['nonsense', '-1', '999999999'])(
  'a task %s is not returned: there is none',
  async (task) => {
    const held = { annotator: 'anna', lease: crypto.randomUUID() };
    expect(await post(`/api/tasks/${task}/return`, held)).toMatchObject({
      status: 404,
      body: { code: 'TASK_NOT_FOUND' },
    });
  },
);

test('the progress of the task’s campaign comes with it, however many others are open', async () => {
  for (let index = 0; index < 52; index += 1)
    await openCampaignWith(annotation, { campaign: `many/${index}`, tasks: 1 });
  const { body } = await post('/api/tasks/lease', { annotator: 'anna' });
  const { tasks, progress } = body as Record<'tasks' | 'progress', { campaign: string }[]>;
  expect(tasks).toMatchObject([{ campaign: 'many/0' }]);
  expect(progress.filter(({ campaign }) => campaign === 'many/0')).toMatchObject([{ leased: 1 }]);
});

test('whatever the campaign calls an activity may be answered', async () => {
  const classes = ['sit\tdown', '\u2028rest', `walk${' on'.repeat(100)}`];
  await openCampaignWith(annotation, { campaign: 'odd', dataset: 'odd', tasks: 4, classes });
  const { body } = await post('/api/tasks/lease', { campaign: 'odd', annotator: 'ann', count: 4 });
  const { tasks } = body as { tasks: { task: string; lease: string; labels: string[] }[] };
  expect(tasks[0]?.labels).toEqual(classes);
  const answers = classes.map((label, at) => {
    const { task = '', lease = '' } = tasks[at] ?? {};
    return { task, lease, label };
  });
  const kept = await post('/api/answers', { annotator: 'ann', answers });
  expect(kept).toMatchObject({ status: 200, body: { refused: [] } });
  const { task, lease } = tasks[3] ?? {};
  const none = { annotator: 'ann', lease, label: 'sit\0down' };
  expect((await post(`/api/tasks/${task}/answer`, none)).body).toMatchObject({
    code: 'LABEL_UNKNOWN',
  });
  const given: string[] = [];
  for await (const { label } of annotation.labels({ dataset: 'odd' })) given.push(label);
  expect(given.toSorted()).toEqual(classes.toSorted());
});
