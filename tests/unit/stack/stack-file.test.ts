/** The record of a stack: whole, private to its owner, and worth nothing when it is not ours. */
import { mkdir, mkdtemp, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from '../../../stack/processes';
import { readStackRecord, StackFile, type ComponentRecord } from '../../../stack/stack-file';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-record-'));
});
afterEach(() => rm(home, { recursive: true }));

const component = (changes: Partial<ComponentRecord> = {}): ComponentRecord => ({
  pid: process.pid,
  identity: processIdentity(process.pid) ?? '',
  state: 'running',
  startedAt: '2026-01-01T00:00:00.000Z',
  logFile: '/log',
  addresses: { brokers: '127.0.0.1:1' },
  ...changes,
});

test('keeps what concurrent changes wrote, readable by the owner alone', async () => {
  const file = await StackFile.open(home);
  const names = ['kafka', 'temporal', 'postgres'];
  await Promise.all(names.map((name) => file.set(name, component())));
  await Promise.all([file.remove('temporal'), file.rememberPorts({ kafka: 9093 })]);
  expect(await readStackRecord(home)).toMatchObject({
    home,
    processes: { kafka: component(), postgres: component() },
    ports: { kafka: 9093 },
  });
  expect((await stat(join(home, 'stack.json'))).mode & 0o777).toBe(0o600);
  expect(await readdir(home)).toEqual(['stack.json']);
});

test('a write that failed does not hinder the next one', async () => {
  const file = await StackFile.open(home);
  await mkdir(join(home, 'stack.json'));
  await expect(file.set('kafka', component())).rejects.toThrow('EISDIR');
  await rmdir(join(home, 'stack.json'));
  await file.set('temporal', component());
  const known = { kafka: component(), temporal: component() };
  expect((await readStackRecord(home))?.processes).toEqual(known);
});

test('does not count a process that ended, or another with its id', async () => {
  const file = await StackFile.open(home);
  await file.set('kafka', component({ identity: 'an earlier process' }));
  expect(file.running('kafka')).toBeUndefined();
  await file.set('kafka', component());
  expect(file.running('kafka')).toBeDefined();
});

test.each(['', '{"formatVersion":1', '{"formatVersion":2,"processes":{}}'])(
  'starts afresh from a record that reads «%s»',
  async (text) => {
    await writeFile(join(home, 'stack.json'), text);
    expect(await readStackRecord(home)).toBeUndefined();
    expect((await StackFile.open(home)).record.processes).toEqual({});
  },
);

test('ignores a record that was copied from another home', async () => {
  const record = { formatVersion: 1, home: '/another/home', processes: {}, ports: {} };
  await writeFile(join(home, 'stack.json'), JSON.stringify(record));
  expect(await readStackRecord(home)).toBeUndefined();
});
