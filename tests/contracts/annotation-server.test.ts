/** What the application's server promises to the page, to programs and to the careful. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAnnotationStore, type AnnotationStore } from '../../annotation/annotation';
import { createAppServer, type AppServer, type AppServerOptions } from '../../annotation/server';
import type { LabelBatch } from '../../annotation/task-routes';
import { hashToken, parseTokens } from '../../core/tokens';
import { openPool } from '../../registry/database';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { CLASSES, openCampaignWith } from '../support/label-tasks';

const SECRET = 'a-long-enough-secret';
let database: TestDatabase;
let annotation: AnnotationStore;
const servers: AppServer[] = [];
const batches: LabelBatch[] = [];
let address: string;
let campaigns = 0;

async function start(options: Partial<AppServerOptions> = {}): Promise<string> {
  const server = await createAppServer({ annotation, version: '0.1.0', ...options });
  servers.push(server);
  return server.listen(0);
}

beforeAll(async () => {
  database = await createTestDatabase();
  annotation = createAnnotationStore(database.pool);
  address = await start({ onBatch: async (batch) => void batches.push(batch) });
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await database.drop();
});

interface Reply {
  status: number;
  headers: Headers;
  // Whatever JSON the server sends is compared with what the test expects.
  body: Record<string, never> & { tasks: { task: string; lease: string }[] };
}

async function call(path: string, init: RequestInit = {}, base = address): Promise<Reply> {
  const response = await fetch(base + path, init);
  const body = (await response.json()) as Reply['body'];
  return { status: response.status, headers: response.headers, body };
}

const post = (path: string, body: unknown, headers = {}, base = address) =>
  call(
    path,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    },
    base,
  );

async function newCampaign(tasks: number): Promise<string> {
  campaigns += 1;
  const campaign = `watch/${campaigns}`;
  await openCampaignWith(annotation, { campaign, tasks });
  return campaign;
}

async function leaseOne(campaign: string, annotator = 'anna') {
  const { body } = await post('/api/tasks/lease', { campaign, annotator });
  return body.tasks[0]!;
}

describe('tasks', () => {
  test('are leased with a signal to draw and the campaign’s progress', async () => {
    const campaign = await newCampaign(2);
    const { status, body } = await post('/api/tasks/lease', { campaign, annotator: 'anna' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      tasks: [
        {
          campaign,
          labels: CLASSES,
          signal: {
            channels: [{ name: 'ax', unit: 'g' }, {}, {}, {}, {}, { name: 'wz', unit: 'rad/s' }],
          },
        },
      ],
      progress: [{ campaign, tasks: 2, leased: 1, open: 1 }],
    });
    const { signal } = body.tasks[0] as unknown as {
      signal: { offsetsMs: number[]; channels: { values: number[] }[] };
    };
    expect(signal.offsetsMs.slice(0, 3)).toEqual([0, 20, 40]);
    expect(signal.channels[0]!.values).toHaveLength(200);
    expect(signal.channels[0]!.values[1]).toBeCloseTo(Math.sin(1 / 8), 5);
  });

  test('come with what the model predicts, but for audits, by which it is judged', async () => {
    const leasedOf = async (kind: 'uncertain' | 'audit') => {
      const campaign = `watch/${kind}`;
      await openCampaignWith(annotation, { campaign, tasks: 1, changes: { kind } });
      return leaseOne(campaign);
    };
    const prediction = { classes: CLASSES, probabilities: expect.any(Array) as number[] };
    expect(await leasedOf('uncertain')).toMatchObject({ kind: 'uncertain', prediction });
    const audit = JSON.stringify(await leasedOf('audit'));
    expect(audit).toContain('"kind":"audit"');
    expect(audit).not.toMatch(/predict|probabilit|classes|margin/);
  });

  test('are answered and skipped once, and each kept batch is announced', async () => {
    const campaign = await newCampaign(2);
    const first = await leaseOne(campaign);
    const answer = { annotator: 'anna', lease: first.lease, label: 'walk' };
    expect((await post(`/api/tasks/${first.task}/answer`, answer)).status).toBe(200);
    expect((await post(`/api/tasks/${first.task}/answer`, answer)).status).toBe(200);
    const second = await leaseOne(campaign);
    const skip = { annotator: 'anna', lease: second.lease };
    expect((await post(`/api/tasks/${second.task}/skip`, skip)).status).toBe(200);
    expect(batches.filter((batch) => batch.campaign === campaign)).toMatchObject([
      { annotator: 'anna', answered: 1, skipped: 0 },
      { annotator: 'anna', answered: 0, skipped: 1 },
    ]);
    const url = `/api/campaigns/${encodeURIComponent(campaign)}/progress`;
    expect((await call(url)).body).toMatchObject({ answered: 1, skipped: 1, open: 0 });
  });

  test('are answered by the hundred in one request, the bad ones refused one by one', async () => {
    const campaign = await newCampaign(120);
    const { body } = await post('/api/tasks/lease', {
      campaign,
      annotator: 'oracle',
      count: 120,
      signal: false,
    });
    expect(body.tasks).toHaveLength(120);
    expect(body.tasks[0]).not.toHaveProperty('signal');
    const answers = body.tasks.map(({ task, lease }, index) => ({
      task,
      lease,
      label: index === 0 ? 'swim' : 'rest',
    }));
    const reply = await post('/api/answers', { annotator: 'oracle', answers });
    expect(reply.body).toMatchObject({
      refused: [
        { task: answers[0]!.task, code: 'LABEL_UNKNOWN', remedy: expect.any(String) as string },
      ],
    });
    expect(reply.body['accepted']).toHaveLength(119);
  });

  test('that are no longer held are refused with a remedy', async () => {
    const campaign = await newCampaign(1);
    const { task } = await leaseOne(campaign);
    const wrong = { annotator: 'ben', lease: crypto.randomUUID(), label: 'walk' };
    expect(await post(`/api/tasks/${task}/answer`, wrong)).toMatchObject({
      status: 409,
      body: { code: 'TASK_LEASE_LOST', message: expect.stringContaining(task) as string },
    });
  });

  test('are taken back by whoever answered, until the campaign closes', async () => {
    const campaign = await newCampaign(2);
    const first = await leaseOne(campaign);
    const answer = { annotator: 'anna', lease: first.lease, label: 'walk' };
    const place = `/api/tasks/${first.task}`;
    await post(`${place}/answer`, answer);
    await leaseOne(campaign);
    const undo = { annotator: 'anna', lease: first.lease };
    expect(await post(`${place}/undo`, { ...undo, annotator: 'ben' })).toMatchObject({
      status: 409,
      body: { code: 'TASK_LEASE_LOST' },
    });
    const { status, body } = await post(`${place}/undo`, undo);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      tasks: [{ task: first.task, signal: {} }],
      progress: [{ campaign, answered: 0, leased: 2, open: 0 }],
    });
    // The answer that was taken back comes once more, late: it counts no longer.
    expect((await post(`${place}/answer`, answer)).status).toBe(409);
    const { lease } = body.tasks[0]!;
    expect((await post(`${place}/answer`, { ...answer, lease, label: 'rest' })).status).toBe(200);
    const labels: string[] = [];
    for await (const each of annotation.labels({ dataset: 'watch', campaign }))
      labels.push(each.label);
    expect(labels).toEqual(['rest']);
    await annotation.closeCampaign({ campaign });
    expect(await post(`${place}/undo`, { ...undo, lease })).toMatchObject({
      status: 409,
      body: { code: 'CAMPAIGN_CLOSED' },
    });
    expect(await annotation.progress({ campaign })).toMatchObject({ answered: 1 });
  });

  test('tell their annotator which answer may still be taken back', async () => {
    const campaign = await newCampaign(3);
    const lastOf = async (annotator: string, where: string | undefined = campaign) =>
      (await post('/api/answers/last', { campaign: where, annotator })).body['last'];
    expect(await lastOf('anna')).toBeNull();
    const first = await leaseOne(campaign);
    const held = { annotator: 'anna', lease: first.lease };
    await post(`/api/tasks/${first.task}/answer`, { ...held, label: 'walk' });
    const second = await leaseOne(campaign);
    expect(await lastOf('anna')).toEqual({
      ...{ task: first.task, campaign, lease: first.lease, label: 'walk' },
      undoMs: expect.any(Number) as number,
    });
    await post(`/api/tasks/${second.task}/skip`, { annotator: 'anna', lease: second.lease });
    expect(await lastOf('anna')).toMatchObject({ task: second.task, label: null });
    expect(await lastOf('ben')).toBeNull();
    expect(await lastOf('anna', 'another')).toBeNull();
    await database.pool.query(
      `UPDATE annotation.tasks SET lease_expires_at = now() - interval '1 second' WHERE task = $1`,
      [second.task],
    );
    expect(await lastOf('anna')).toMatchObject({ task: first.task });
    await annotation.closeCampaign({ campaign });
    expect(await lastOf('anna')).toBeNull();
  });

  test('stay answered when the announcement fails', async () => {
    const campaign = await newCampaign(1);
    const base = await start({ onBatch: () => Promise.reject(new Error('nobody listens')) });
    const { task, lease } = await leaseOne(campaign);
    const body = { annotator: 'anna', lease, label: 'walk' };
    expect((await post(`/api/tasks/${task}/answer`, body, {}, base)).status).toBe(200);
    expect(await annotation.progress({ campaign })).toMatchObject({ answered: 1 });
  });
});

describe('bad requests', () => {
  test.each([
    ['no annotator', { campaign: 'x' }, 'annotator'],
    ['a blank annotator', { annotator: '  ' }, 'annotator'],
    ['a control character', { annotator: 'a\u0007b' }, 'annotator'],
    ['too many at once', { annotator: 'anna', count: 5_000 }, 'count'],
    ['an unknown field', { annotator: 'anna', tasks: 3 }, 'body'],
  ])('with %s are refused by name', async (_case, body, field) => {
    expect(await post('/api/tasks/lease', body)).toMatchObject({
      status: 400,
      body: { code: 'INPUT_INVALID', message: expect.stringContaining(field) as string },
    });
  });

  test('that are not JSON, or too long, or go nowhere say so', async () => {
    const text = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' };
    expect(await call('/api/answers', text)).toMatchObject({
      status: 415,
      body: { code: 'BODY_NOT_JSON' },
    });
    const broken = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' };
    expect(await call('/api/answers', broken)).toMatchObject({ body: { code: 'BODY_NOT_JSON' } });
    expect(await post('/api/answers', { annotator: 'x'.repeat(2_000_000) })).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
    expect(await call('/nowhere?secret=1')).toMatchObject({
      status: 404,
      body: { code: 'ROUTE_NOT_FOUND', message: 'There is nothing at GET /nowhere.' },
    });
    expect(await call('/api/campaigns/none/progress')).toMatchObject({
      status: 404,
      body: { code: 'CAMPAIGN_NOT_FOUND' },
    });
  });

  test('of a browser that go nowhere get a page with the way back', async () => {
    const accept = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    for (const path of ['/nowhere', '/label/nowhere', '/assets/nowhere.js', '/report']) {
      const response = await fetch(address + path, { headers: accept });
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await response.text()).toContain('<a class="button main" href="/">');
    }
    const program = { headers: { ...accept, authorization: 'Bearer x' } };
    expect(await call('/nowhere', program)).toMatchObject({ body: { code: 'ROUTE_NOT_FOUND' } });
  });

  test('that come too fast wait', async () => {
    const base = await start({ requestsPerMinute: 3 });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1)
      statuses.push((await fetch(`${base}/healthz`)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  test('do not leave the served folder', async () => {
    const reply = await call('/assets/..%2f..%2fpackage.json');
    expect(reply.status).toBe(404);
  });
});

describe('the door', () => {
  test('does not open for everybody without a token', async () => {
    await expect(
      createAppServer({ annotation, version: '0', host: '0.0.0.0' }),
    ).rejects.toMatchObject({ code: 'DOOR_UNPROTECTED' });
  });

  test('asks for a token that allows it, once one is configured', async () => {
    const tokens = parseTokens(`reader:${SECRET},annotator:${hashToken(`${SECRET}-2`)}`);
    const base = await start({ tokens, host: '0.0.0.0' });
    const url = base.replace('0.0.0.0', '127.0.0.1');
    const lease = (token?: string) =>
      post(
        '/api/tasks/lease',
        { annotator: 'anna' },
        token ? { authorization: `Bearer ${token}` } : {},
        url,
      );
    expect(await lease()).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
    expect(await lease(`${SECRET}-3`)).toMatchObject({ status: 401 });
    expect(await lease(SECRET)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await lease(`${SECRET}-2`)).toMatchObject({ status: 200 });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/api/overview`)).status).toBe(401);
  });

  test('on this machine only answers to this machine’s names', async () => {
    const { port } = new URL(address);
    const status = await new Promise((resolve, reject) => {
      const headers = { host: `stranger.example:${port}` };
      const asked = httpRequest({ host: '127.0.0.1', port, path: '/api/overview', headers });
      asked.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      asked.end();
    });
    expect(status).toBe(403);
  });

  test('says that a port is taken', async () => {
    const server = await createAppServer({ annotation, version: '0' });
    servers.push(server);
    await expect(server.listen(Number(new URL(address).port))).rejects.toMatchObject({
      code: 'PORT_TAKEN',
    });
  });

  test('is ready only while the database answers', async () => {
    expect((await call('/readyz')).status).toBe(200);
    const pool = openPool('postgres://nobody:x@127.0.0.1:9/none');
    const base = await start({ annotation: createAnnotationStore(pool) });
    expect(await call('/readyz', {}, base)).toMatchObject({
      status: 503,
      body: { code: 'DATABASE_UNAVAILABLE' },
    });
    expect((await call('/healthz', {}, base)).status).toBe(200);
    await pool.end();
  });
});

describe('pages', () => {
  test.each(['/', '/label'])('%s runs its own scripts only', async (path) => {
    const response = await fetch(address + path);
    const page = await response.text();
    expect(response.headers.get('content-type')).toContain('text/html');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(page).not.toMatch(/<script(?![^>]*src="\/assets\/)|style="|https?:/);
    for (const [, asset] of page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g))
      expect((await fetch(address + asset)).status).toBe(200);
  });

  test('the home page shows models, links, campaigns and the report once it is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'watchlake-report-'));
    const report = join(folder, 'report.html');
    const link = { title: 'Temporal', url: 'http://127.0.0.1:8233', note: 'Workflows' };
    const base = await start({
      reportPath: async () => report,
      describe: async () => ({ links: [link], models: [] }),
    });
    expect((await call('/api/overview', {}, base)).body).toMatchObject({ report: null });
    expect((await call('/report', {}, base)).status).toBe(404);
    await writeFile(report, '<!doctype html><p>Report</p>');
    expect((await call('/api/overview', {}, base)).body).toMatchObject({
      version: '0.1.0',
      report: '/report',
      links: [link],
    });
    const response = await fetch(`${base}/report`);
    expect(await response.text()).toContain('Report');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    const { body } = await call('/api/report-link', { method: 'POST' }, base);
    expect(JSON.stringify(body)).toMatch(/^{"url":"\/report\?ticket=[\w-]{43}"}$/);
    await rm(folder, { recursive: true });
  });
});
