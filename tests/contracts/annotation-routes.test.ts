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
