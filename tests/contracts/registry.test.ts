/** What the registry promises to trainings, to the promotion gate and to their retries. */
import { createRegistry, type Registry } from '../../registry/registry';
import type { ModelCard } from '../../registry/model-card';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let registry: Registry;

beforeAll(async () => {
  database = await createTestDatabase();
  registry = createRegistry(database.pool);
});
afterAll(() => database.drop());

const card = (changes: Partial<ModelCard> = {}): ModelCard => ({
  formatVersion: 1,
  codeVersion: '0.1.0',
  seed: 0,
  classes: ['rest', 'walk'],
  featureSchema: 'abc',
  data: { dataset: 'watch', snapshots: { windows: 's1' }, windows: 100, subjects: ['k1'] },
  evaluation: { scheme: 'holdout', accuracy: 0.8, macroF1: 0.75 },
  calibration: { temperature: 1.2 },
  ...changes,
});

let models = 0;
async function modelWithVersions(count: number): Promise<string> {
  models += 1;
  const model = `model-${models}`;
  for (let index = 1; index <= count; index += 1)
    await registry.registerVersion({ model, key: `k${index}`, artefactUri: 'a', card: card() });
  return model;
}

const moveOf = (model: string, from: string | null, to: string, run?: string) => ({
  model,
  alias: 'champion',
  from,
  to,
  outcome: 'promote',
  reason: 'proved-better',
  actor: 'test',
  run,
});

const failsWith = (code: string) => expect.objectContaining({ code }) as Error;

describe('versions', () => {
  test('are numbered one after another, and the same key keeps its number', async () => {
    const model = await modelWithVersions(2);
    const again = { model, key: 'k1', artefactUri: 'elsewhere', card: card({ seed: 7 }) };
    expect(await registry.registerVersion(again)).toEqual({ version: '1' });
    const versions = await registry.listVersions({ model });
    expect(versions.map(({ version, key }) => [version, key])).toEqual([
      ['2', 'k2'],
      ['1', 'k1'],
    ]);
    expect(versions[1]).toMatchObject({ artefactUri: 'a', card: { seed: 0 } });
  });

  test('registered at the same time get different numbers without a gap', async () => {
    const model = await modelWithVersions(0);
    const keys = Array.from({ length: 8 }, (_, index) => `parallel-${index % 4}`);
    const made = await Promise.all(
      keys.map((key) => registry.registerVersion({ model, key, artefactUri: 'a', card: card() })),
    );
    expect([...new Set(made.map(({ version }) => version))].sort()).toEqual(['1', '2', '3', '4']);
  });

  test('need a complete card', async () => {
    const broken = { ...card(), evaluation: { scheme: 'x', accuracy: 3, macroF1: 1 } };
    const input = { model: 'broken', key: 'k', artefactUri: 'a', card: broken };
    await expect(registry.registerVersion(input)).rejects.toThrow(/accuracy/);
    expect(await registry.listVersions({ model: 'broken' })).toEqual([]);
  });

  test.each(['9', '0', 'one', '1; DROP TABLE x'])('that are not there are named: %s', async (v) => {
    const model = await modelWithVersions(1);
    await expect(registry.getVersion({ model, version: v })).rejects.toEqual(
      failsWith('MODEL_NOT_FOUND'),
    );
  });

  test('that are not there are refused with the newest that are', async () => {
    const model = await modelWithVersions(6);
    await expect(registry.moveAlias(moveOf(model, null, '9'))).rejects.toMatchObject({
      message: `There is no model ${model} version 9; there are: 6, 5, 4, 3, 2 and 1 more.`,
      remedy: expect.stringContaining('`npx watchlake models show <model>`') as string,
    });
  });

  test('of a model that is not there are refused with the models that are', async () => {
    const model = await modelWithVersions(1);
    const failing = expect.objectContaining({
      code: 'MODEL_NOT_FOUND',
      context: { model: 'nope', known: expect.stringContaining(model) as string },
    }) as Error;
    await expect(registry.moveAlias(moveOf('nope', null, '1'))).rejects.toEqual(failing);
  });

  test('are listed with the aliases of their model', async () => {
    const model = await modelWithVersions(2);
    await registry.moveAlias(moveOf(model, null, '2'));
    const found = (await registry.listModels()).find((each) => each.model === model);
    expect(found).toEqual({ model, versions: 2, aliases: { champion: '2' } });
  });
});

describe('aliases', () => {
  test('move with an audit row, and count their moves', async () => {
    const model = await modelWithVersions(2);
    expect(await registry.getAlias({ model, alias: 'champion' })).toBeNull();
    await registry.moveAlias(moveOf(model, null, '1'));
    await registry.moveAlias({ ...moveOf(model, '1', '2'), evidence: { pValue: 0.015 } });
    expect(await registry.getAlias({ model, alias: 'champion' })).toEqual({
      version: '2',
      generation: 2,
    });
    const [latest, first] = await registry.history({ model });
    expect(latest).toMatchObject({ from: '1', version: '2', evidence: { pValue: 0.015 } });
    expect(first).toMatchObject({ from: null, version: '1', reason: 'proved-better' });
  });

  test('do not move when they point elsewhere than the caller saw', async () => {
    const model = await modelWithVersions(3);
    await registry.moveAlias(moveOf(model, null, '1'));
    await expect(registry.moveAlias(moveOf(model, '2', '3'))).rejects.toEqual(
      failsWith('ALIAS_MOVED'),
    );
    await expect(registry.moveAlias(moveOf(model, null, '3'))).rejects.toEqual(
      failsWith('ALIAS_MOVED'),
    );
    expect(await registry.history({ model })).toHaveLength(1);
  });

  test('move once when two want to move them at the same time', async () => {
    const model = await modelWithVersions(9);
    await registry.moveAlias(moveOf(model, null, '1'));
    const rivals = ['2', '3', '4', '5', '6', '7', '8', '9'];
    const results = await Promise.allSettled(
      rivals.map((to) => registry.moveAlias(moveOf(model, '1', to))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await registry.history({ model })).toHaveLength(2);
  });

  test('moved by a run are not moved again by its retry, even after another move', async () => {
    const model = await modelWithVersions(3);
    await registry.moveAlias(moveOf(model, null, '1'));
    const wanted = moveOf(model, '1', '2', 'run-1');
    expect(await registry.moveAlias(wanted)).toMatchObject({ moved: true, generation: 2 });
    await registry.moveAlias(moveOf(model, '2', '3', 'run-2'));
    expect(await registry.moveAlias(wanted)).toMatchObject({ moved: false, generation: 2 });
    expect(await registry.getAlias({ model, alias: 'champion' })).toMatchObject({ version: '3' });
  });

  test('point at versions that exist only', async () => {
    const model = await modelWithVersions(1);
    await expect(registry.moveAlias(moveOf(model, null, '5'))).rejects.toEqual(
      failsWith('MODEL_NOT_FOUND'),
    );
    expect(await registry.history({ model })).toEqual([]);
  });

  test('roll back step by step, each step with its own audit row', async () => {
    const model = await modelWithVersions(3);
    await registry.moveAlias(moveOf(model, null, '1'));
    await registry.moveAlias(moveOf(model, '1', '2'));
    await registry.moveAlias(moveOf(model, '2', '3'));
    const back = { model, actor: 'operator', reason: 'worse in the field' };
    expect(await registry.rollback({ ...back, run: 'r1' })).toMatchObject({ version: '2' });
    expect(await registry.rollback({ ...back, run: 'r1' })).toMatchObject({ moved: false });
    expect(await registry.rollback({ ...back, run: 'r2' })).toMatchObject({ version: '1' });
    await expect(registry.rollback(back)).rejects.toEqual(failsWith('NO_PREVIOUS_CHAMPION'));
    const outcomes = (await registry.history({ model })).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['rollback', 'rollback', 'promote', 'promote', 'promote']);
  });
});

describe('a removed version', () => {
  const removedOf = async (count: number, ...removed: string[]): Promise<string> => {
    const model = await modelWithVersions(count);
    for (const version of removed) await registry.removeVersion({ model, version });
    return model;
  };

  test('is listed, and can be neither read nor promoted', async () => {
    const model = await removedOf(2, '1', '1');
    const [second, first] = await registry.listVersions({ model });
    expect([first?.removedAt, second?.removedAt]).toEqual([expect.any(String), null]);
    const removed = failsWith('VERSION_REMOVED');
    await expect(registry.getVersion({ model, version: '1' })).rejects.toEqual(removed);
    await expect(registry.moveAlias(moveOf(model, null, '1'))).rejects.toEqual(removed);
    await expect(registry.getVersion({ model, version: '7' })).rejects.toMatchObject({
      context: { known: '2' },
    });
    const models = await registry.listModels();
    expect(models.find((each) => each.model === model)).toMatchObject({ versions: 1 });
  });

  test('was no champion', async () => {
    const model = await modelWithVersions(2);
    await registry.moveAlias(moveOf(model, null, '1'));
    const removal = registry.removeVersion({ model, version: '1' });
    await expect(removal).rejects.toEqual(failsWith('MODEL_IN_USE'));
    expect(await registry.getVersion({ model, version: '1' })).toMatchObject({ removedAt: null });
  });

  test('is made again under a new number, as often as it is removed', async () => {
    const model = await removedOf(2, '1');
    const again = { model, key: 'k1', artefactUri: 'a', card: card() };
    expect(await registry.registerVersion(again)).toEqual({ version: '3' });
    expect(await registry.registerVersion(again)).toEqual({ version: '3' });
    await registry.removeVersion({ model, version: '3' });
    expect(await registry.findVersion({ model, key: 'k1' })).toBeNull();
    expect(await registry.registerVersion(again)).toEqual({ version: '4' });
  });

  test('is passed by a rollback', async () => {
    const model = await modelWithVersions(3);
    await registry.moveAlias(moveOf(model, null, '1'));
    await registry.moveAlias(moveOf(model, '1', '2'));
    await registry.moveAlias(moveOf(model, '2', '3'));
    await registry.removeVersion({ model, version: '2' });
    const back = { model, actor: 'operator', reason: 'worse in the field' };
    expect(await registry.rollback(back)).toMatchObject({ version: '1' });
    await expect(registry.rollback(back)).rejects.toEqual(failsWith('NO_PREVIOUS_CHAMPION'));
    await registry.removeModel({ model });
    await expect(registry.rollback(back)).rejects.toEqual(failsWith('MODEL_NOT_FOUND'));
  });

  test('rests on no dataset, and has learned from nobody any more', async () => {
    const dataset = 'left';
    const { data, ...rest } = card();
    const learned = { ...rest, data: { ...data, dataset } };
    const model = 'left';
    for (const key of ['k1', 'k2'])
      await registry.registerVersion({ model, key, artefactUri: 'a', card: learned });
    const person = { dataset, subject: '0123456789abcdef' };
    await registry.eraseFromRegistry({ ...person, subjectKey: 'k1' });
    const tainted = async () =>
      (await registry.taintedVersions(person)).map((each) => each.version);
    expect(await tainted()).toEqual(['1', '2']);
    await registry.removeVersion({ model, version: '1' });
    expect(await tainted()).toEqual(['2']);
    expect(await registry.learnersOf({ dataset })).toEqual([{ model, versions: 1 }]);
    await registry.removeVersion({ model, version: '2' });
    expect(await registry.learnersOf({ dataset })).toEqual([]);
    const unknown = registry.getVersion({ model, version: '9' });
    await expect(unknown).rejects.toThrow(`There is no model ${model} version 9.`);
  });
});

describe('leases', () => {
  const lease = (name: string, holder: string, ttlSeconds = 60) => ({ name, holder, ttlSeconds });

  test('belong to one holder, who may ask again', async () => {
    expect(await registry.acquireLease(lease('a', 'me'))).toMatchObject({ acquired: true });
    expect(await registry.acquireLease(lease('a', 'me'))).toMatchObject({ acquired: true });
    expect(await registry.acquireLease(lease('a', 'you'))).toMatchObject({
      acquired: false,
      holder: 'me',
    });
  });

  test('go to one of many that ask at the same time', async () => {
    const holders = Array.from({ length: 8 }, (_, index) => `holder-${index}`);
    const results = await Promise.all(
      holders.map((holder) => registry.acquireLease(lease('b', holder))),
    );
    expect(results.filter(({ acquired }) => acquired)).toHaveLength(1);
    expect(new Set(results.map(({ holder }) => holder)).size).toBe(1);
  });

  test('go to another when their time is over, and the first cannot prolong them', async () => {
    await registry.acquireLease(lease('c', 'me', 0));
    expect(await registry.acquireLease(lease('c', 'you'))).toMatchObject({ acquired: true });
    expect(await registry.renewLease(lease('c', 'me'))).toEqual({ renewed: false, holder: 'you' });
    expect(await registry.releaseLease({ name: 'c', holder: 'me' })).toEqual({ released: false });
    expect(await registry.renewLease(lease('c', 'you'))).toEqual({ renewed: true, holder: 'you' });
  });

  test('that nobody took are prolonged although their time is over, but not once given back', async () => {
    await registry.acquireLease(lease('e', 'me', 0));
    expect(await registry.renewLease(lease('e', 'me'))).toEqual({ renewed: true, holder: 'me' });
    expect(await registry.acquireLease(lease('e', 'you'))).toMatchObject({ acquired: false });
    await registry.releaseLease({ name: 'e', holder: 'me' });
    expect(await registry.renewLease(lease('e', 'me'))).toEqual({ renewed: false, holder: null });
  });

  test('guard an alias: who has lost one moves nothing, who has moved finds the move', async () => {
    const model = await modelWithVersions(2);
    const held = { name: `retrain/${model}`, holder: 'me' };
    const wanted = { ...moveOf(model, null, '1', 'run-1'), lease: held };
    await expect(registry.moveAlias(wanted)).rejects.toEqual(failsWith('LEASE_LOST'));
    await registry.acquireLease(lease(held.name, 'me', 0));
    expect(await registry.moveAlias(wanted)).toMatchObject({ moved: true });
    await registry.acquireLease(lease(held.name, 'you'));
    expect(await registry.moveAlias(wanted)).toMatchObject({ moved: false });
    const later = { ...moveOf(model, '1', '2', 'run-2'), lease: held };
    await expect(registry.moveAlias(later)).rejects.toEqual(failsWith('LEASE_LOST'));
    expect(await registry.getAlias({ model, alias: 'champion' })).toMatchObject({ version: '1' });
  });

  test('are free once given back', async () => {
    await registry.acquireLease(lease('d', 'me'));
    expect(await registry.releaseLease({ name: 'd', holder: 'me' })).toEqual({ released: true });
    expect(await registry.acquireLease(lease('d', 'you'))).toMatchObject({ acquired: true });
  });
});

describe('decisions', () => {
  test('count a comparison that uses a holdout once', async () => {
    const use = (comparison: string, holdout = 'h') =>
      registry.recordHoldoutUse({ model: 'm', holdout, comparison });
    expect(await use('r1')).toEqual({ uses: 1 });
    expect(await use('r1')).toEqual({ uses: 1 });
    expect(await use('r2')).toEqual({ uses: 2 });
    expect(await use('r2', 'other')).toEqual({ uses: 1 });
    const renamed = { model: 'm', holdout: 'by its draw' };
    const under = (formerly: string, comparison: string) =>
      registry.recordHoldoutUse({ ...renamed, formerly, comparison });
    expect(await under('h', 'r2')).toEqual({ uses: 2 });
    expect(await under('h less one', 'r3')).toEqual({ uses: 3 });
  });

  test('tell until when answers were tried, also after a rejection and a rollback', async () => {
    const model = 'tried';
    const made = async (key: string, knownUntil: string, shuffledLabels = false) => {
      const { data, ...rest } = card();
      const learned = { ...rest, data: { ...data, knownUntil, shuffledLabels } };
      const input = { model, key, artefactUri: 'a', card: learned };
      return (await registry.registerVersion(input)).version;
    };
    const judged = (challenger: string, reason = 'not-proved-better') =>
      registry.recordVerdict({
        ...{ model, run: challenger, champion: '1', challenger },
        ...{ outcome: 'reject', reason, explanation: '' },
      });
    const moved = (from: string | null, to: string) =>
      registry.moveAlias({
        ...{ model, alias: 'champion', from, to },
        ...{ outcome: 'promote', reason: 'test', actor: 'test' },
      });
    const tried = () => registry.triedUntil({ model, dataset: card().data.dataset });
    await made('first', '2026-01-01T00:00:00.000Z');
    expect(await tried()).toBeNull();
    await moved(null, '1');
    const second = await made('second', '2026-01-02T00:00:00.000Z');
    await moved('1', second);
    await moved(second, '1');
    expect(await tried()).toBe('2026-01-02T00:00:00.000Z');
    await judged(await made('third', '2026-01-03T00:00:00.000Z'));
    await judged(await made('control', '2026-01-04T00:00:00.000Z', true));
    await judged(await made('withdrawn', '2026-01-05T00:00:00.000Z'), 'withdrawn-subject');
    expect(await tried()).toBe('2026-01-03T00:00:00.000Z');
    expect(await registry.triedUntil({ model, dataset: 'another' })).toBeNull();
  });

  test('keep the first verdict of a run', async () => {
    const model = await modelWithVersions(2);
    const verdict = {
      model,
      run: 'r1',
      champion: '1',
      challenger: '2',
      outcome: 'reject',
      reason: 'not-proved-better',
      explanation: 'The difference may be chance.',
      evidence: { pValue: 0.3 },
    };
    expect(await registry.recordVerdict(verdict)).toEqual({ recorded: true });
    const other = { ...verdict, outcome: 'promote' };
    expect(await registry.recordVerdict(other)).toEqual({ recorded: false });
    expect(await registry.verdicts({ model })).toEqual([
      { ...verdict, decidedAt: expect.any(String) as string },
    ]);
  });
});

describe('splits', () => {
  const parts = { bootstrap: ['k1'], stream: ['k3', 'k2'], holdout: ['k4'] };

  test('are frozen once saved', async () => {
    const name = { dataset: 'watch', seed: 0 };
    expect(await registry.getSplit(name)).toBeNull();
    await registry.saveSplit({ ...name, parts });
    await registry.saveSplit({ ...name, parts: { ...parts, stream: ['k2', 'k3'] } });
    const other = { ...parts, stream: ['k2'], holdout: ['k3', 'k4'] };
    await expect(registry.saveSplit({ ...name, parts: other })).rejects.toEqual(
      failsWith('SPLIT_FROZEN'),
    );
    expect(await registry.getSplit(name)).toEqual(parts);
  });
});
