/** What `watchlake doctor` says of ports. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examinePorts } from '../../../cli/doctor';
import { rememberPorts } from '../../../stack/stack';
import { loadConfig } from '../../../workers/config';
import { writeState } from '../../../workers/state';
import { UP } from './fake-surroundings';

let home: string;
let server: Server;
let port: number;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-doctor-'));
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  server.close();
  await rm(home, { recursive: true });
});

const ofThePage = (variables: Record<string, string> = {}) =>
  found('Port of the application page', variables);

async function found(wanted: string, variables: Record<string, string> = {}) {
  const findings = await examinePorts(loadConfig({ WATCHLAKE_HOME: home, ...variables }));
  return findings.find(({ name }) => name === wanted);
}

test('a port that the home listens on itself is its own; one of somebody else is taken', async () => {
  const given = { APP_PORT: String(port) };
  expect(await ofThePage(given)).toMatchObject({
    ...{ status: 'missing', found: `${port} is taken` },
    remedy: 'Free it, or leave APP_PORT unset.',
  });
  await writeState(home, { ...UP, pid: process.pid, app: { url: `http://127.0.0.1:${port}` } });
  expect(await ofThePage(given)).toMatchObject({
    status: 'ok',
    found: `${port}, in use by this home`,
  });
});

test('where none is given, that of the last start is looked at', async () => {
  await rememberPorts(home, { app: port });
  expect(await ofThePage()).toMatchObject({
    status: 'note',
    found: `${port} is taken: the next free one is used`,
  });
});

test('the port of the metrics is looked at as the others are', async () => {
  const given = { METRICS_PORT: String(port) };
  const wanted = 'Port of the metrics';
  expect(await found(wanted, given)).toMatchObject({
    ...{ status: 'missing', remedy: 'Free it, or leave METRICS_PORT unset.' },
  });
  expect(await found(wanted, { ...given, METRICS: 'false' })).toBeUndefined();
  const metrics = { url: `http://127.0.0.1:${port}/metrics` };
  await writeState(home, { ...UP, pid: process.pid, metrics });
  expect(await found(wanted, given)).toMatchObject({ status: 'ok' });
});
