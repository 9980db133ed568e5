/** What `watchlake doctor` says of ports. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examinePorts } from '../../../cli/doctor';
import { loadConfig } from '../../../workers/config';
import { writeState } from '../../../workers/state';
import { UP } from './fake-surroundings';

test('a port that the home listens on itself is its own; one of somebody else is taken', async () => {
  const home = await mkdtemp(join(tmpdir(), 'watchlake-doctor-'));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const config = loadConfig({ WATCHLAKE_HOME: home, APP_PORT: String(port) });
  const found = async () =>
    (await examinePorts(config)).find(({ name }) => name === 'Port of the application page');
  expect(await found()).toMatchObject({ status: 'missing', found: `${port} is taken` });
  await writeState(home, { ...UP, pid: process.pid, app: { url: `http://127.0.0.1:${port}` } });
  expect(await found()).toMatchObject({ status: 'ok', found: `${port}, in use by this home` });
  server.close();
  await rm(home, { recursive: true });
});
