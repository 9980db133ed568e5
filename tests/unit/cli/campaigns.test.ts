/** `watchlake campaigns`: opens a campaign and ends when people can answer, lists, and closes. */
import type { CampaignProgress } from '../../../annotation/campaigns';
import { WatchlakeError } from '../../../core/errors';
import type { Registry } from '../../../registry/registry';
import type { CampaignResult } from '../../../workflows/annotation-campaign';
import {
  fakeClient,
  fakeContext,
  onlyObject,
  run,
  UP,
  type FakeTemporal,
  type RunCall,
} from './fake-surroundings';

const state = (more: Partial<CampaignProgress> = {}): CampaignProgress => ({
  ...{ campaign: 'november', dataset: 'trial', model: 'activity', status: 'open', target: 50 },
  ...{ tasks: 12, open: 12, leased: 0, answered: 0, skipped: 0 },
  ...{ labels: { uncertain: 0, audit: 0 }, byOracle: 0, openedAt: '2026-01-01T00:00:00.000Z' },
  ...{ lastAnswerAt: null, ...more },
});

const over = (more: Partial<CampaignResult> = {}): CampaignResult => ({
  ...{ campaign: 'november', tasks: 12, labels: 11, uncertain: 9, audit: 2, skipped: 1 },
  ...{ reminders: 0, outcome: 'complete', snapshotId: 's1', ...more },
});

/** Of a model that has learned from this dataset. */
const champion = (dataset: string) =>
  ({
    getAlias: async () => ({ version: '1' }),
    getVersion: async () => ({ card: { data: { dataset } } }),
  }) as unknown as Registry;

const WAITING = { step: 'waiting for answers', facts: { tasks: 12 } };

async function runAgainst(
  words: string[],
  fake: FakeTemporal,
  known: CampaignProgress[] = [],
  registry = champion('trial'),
) {
  const calls: RunCall[] = [];
  const find = (campaign: string) => {
    const found = known.find((each) => each.campaign === campaign);
    if (!found) throw new WatchlakeError('CAMPAIGN_NOT_FOUND', { campaign });
    return found;
  };
  const annotation = {
    // The workflow opens it.
    progress: async ({ campaign }: { campaign: string }) =>
      calls.length > 0 ? state({ campaign }) : find(campaign),
    listCampaigns: async ({ limit }: { limit: number }) => known.slice(0, limit),
    countCampaigns: async () => {
      const open = known.filter(({ status }) => status === 'open').length;
      return { open, closed: known.length - open };
    },
    closeCampaign: async ({ campaign }: { campaign: string }) => ({
      ...find(campaign),
      status: 'closed' as const,
    }),
  };
  const client = fakeClient(fake, calls);
  const services = {
    connect: async () => fakeContext({ client, annotation, registry }),
    readState: async () => UP,
  };
  return { calls, ...(await run(['campaigns', ...words], { services })) };
}

const OPEN = ['open', '--dataset', 'trial', '--name', 'november', '--labels', '50'];

test('open ends when people can answer, and says where', async () => {
  const { exitCode, stdout, calls } = await runAgainst(
    [...OPEN, '--audit-share', '0.5', '--close-after', '2'],
    { endless: true, progress: WAITING },
  );
  expect(exitCode).toBe(0);
  expect(calls).toEqual([
    {
      ...{ workflow: 'annotationCampaign', workflowId: 'annotate/november' },
      input: {
        ...{ campaign: 'november', dataset: 'trial', model: 'activity', labels: 50 },
        ...{ auditShare: 0.5, closeMinutes: 2880, answeredBy: 'people' },
      },
    },
  ]);
  expect(stdout).toContain('12 of 50: there is no more to ask about yet');
  expect(stdout).toContain('http://127.0.0.1:8080/label?campaign=november');
  expect(stdout).toContain('/workflows/annotate%2Fnovember');
  expect(stdout).toContain('campaigns close november');
});

test('open names a campaign anew each time, and --json tells the same', async () => {
  const { stdout, calls } = await runAgainst(['open', '--dataset', 'trial', '--json'], {
    ...{ endless: true, progress: WAITING },
  });
  const { campaign } = calls[0]?.input as { campaign: string };
  expect(campaign).toMatch(/^trial-\d{8}t\d{6}z$/);
  expect(onlyObject(stdout)).toMatchObject({
    ...{ ok: true, campaign, tasks: 12, wanted: 300, workflowId: `annotate/${campaign}` },
    page: `http://127.0.0.1:8080/label?campaign=${campaign}`,
  });
});

test('labels of streams on which another dataset has taught the model lead to no retrain of it', async () => {
  const ended = { result: over(), progress: WAITING };
  const words = [...OPEN, '--follow'];
  const own = await runAgainst(words, ended);
  expect(own.stdout).toContain('retrain --dataset trial --model activity');
  const { stdout } = await runAgainst(words, ended, [], champion('real'));
  expect(stdout).not.toContain('retrain');
  expect(stdout).toContain('loop --dataset trial --model <name>; activity learns from real alone');
});

test('open says at once that there is nothing to ask', async () => {
  const nothing = over({ tasks: 0, labels: 0, audit: 0, outcome: 'nothing-to-ask' });
  const { exitCode, stdout } = await runAgainst(OPEN, { result: nothing });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('november had nothing to ask');
});

test('open --follow stays until the campaign is over', async () => {
  const { stdout } = await runAgainst([...OPEN, '--follow'], {
    ...{ progress: WAITING, result: over() },
  });
  expect(stdout).toContain('november has its answers');
  expect(stdout).toContain('12 of 50: there is no more to ask about yet');
  expect(stdout).toContain('11, of these 2 audits');
  expect(stdout).toContain('retrain --dataset trial --model activity');
});

test('open refuses the name of a campaign that is over, and starts nothing', async () => {
  const closed = state({ status: 'closed' });
  const { exitCode, stdout, calls } = await runAgainst([...OPEN, '--json'], {}, [closed]);
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({ error: { code: 'CAMPAIGN_CLOSED' } });
  expect(calls).toEqual([]);
});

test('list says when there are more campaigns than it shows', async () => {
  const three = ['a', 'b', 'c'].map((campaign) => state({ campaign }));
  const shown = await runAgainst(['list', '--limit', '2', '--json'], {}, three);
  expect(shown.stderr).toContain('There are more campaigns than 2: raise --limit to see them.');
  expect(onlyObject(shown.stdout)).toMatchObject({
    ...{ truncated: true, campaigns: [{ campaign: 'a' }, { campaign: 'b' }] },
  });
  const all = await runAgainst(['list', '--limit', '3', '--json'], {}, three);
  expect(all.stderr).not.toContain('more campaigns');
  expect(onlyObject(all.stdout)).toMatchObject({ truncated: false });
});

test('list shows each campaign, and where people answer', async () => {
  const { stdout } = await runAgainst(['list'], {}, [
    state(),
    state({ campaign: 'october', status: 'closed', answered: 1200 }),
  ]);
  expect(stdout).toMatch(/november +trial +activity +open +12 +0 +0 +2026-01-01/);
  expect(stdout).toMatch(/october +trial +activity +closed +12 +1,200/);
  expect(stdout).toContain('http://127.0.0.1:8080/label');
});

test('close tells the run, and shows what it has published', async () => {
  const updates: string[] = [];
  const { stdout } = await runAgainst(
    ['close', 'november'],
    {
      result: over({ labels: 3, outcome: 'closed-early' }),
      onUpdate: (name) => void updates.push(name),
    },
    [state()],
  );
  expect(updates).toEqual(['labelBatch']);
  expect(stdout).toContain('november was closed before everything was answered');
});

test.each([
  ['loop/trial', 'npx watchlake attach loop/trial'],
  [undefined, 'npx watchlake retrain --dataset trial --model activity'],
])('after close %s is what to do next', async (parent, next) => {
  const { stdout } = await runAgainst(
    ['close', 'november'],
    { result: over({ labels: 3, outcome: 'closed-early' }), parent, onUpdate: () => undefined },
    [state()],
  );
  expect(stdout).toContain(next);
});

test('close ends a campaign that no run waits for, and knows those there are', async () => {
  const orphan = await runAgainst(['close', 'november', '--json'], {}, [state({ answered: 4 })]);
  expect(onlyObject(orphan.stdout)).toMatchObject({ ok: true, status: 'closed', answered: 4 });
  const unknown = await runAgainst(['close', 'december', '--json'], {});
  expect(onlyObject(unknown.stdout)).toMatchObject({ error: { code: 'CAMPAIGN_NOT_FOUND' } });
});

test('a list says of a campaign without tasks no more than that: they may have been erased', async () => {
  const gone = state({ status: 'closed', tasks: 0, open: 0 });
  const { stdout } = await runAgainst(['list'], {}, [gone]);
  expect(stdout).toContain('closed, without tasks');
  expect(stdout).not.toContain('nothing to ask');
});
