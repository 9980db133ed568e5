/** Addresses of PostgreSQL that its client takes and a URL does not: shown as well, and without their passwords. */
import { databaseHost, withoutPassword } from '../../../cli/database-address';
import { onlyObject, run, UP } from './fake-surroundings';

test.each([
  ['postgres://me:secret@host:5433/db', 'postgres://me:***@host:5433/db', 'host:5433'],
  ['postgres://me:secret@/db?host=/run/pg', 'postgres://me:***@/db?host=/run/pg', '/run/pg'],
  ['postgresql:///db', 'postgresql:///db', 'localhost'],
  ['postgres://host/db?user=me&password=secret', 'postgres://host/db?user=me&password=***', 'host'],
])('%s', (url, shown, host) => {
  expect([withoutPassword(url), databaseHost(url)]).toEqual([shown, host]);
});

test('a database behind a socket keeps nobody from seeing what runs, and no password is told', async () => {
  const url = 'postgres://me@/db?host=/run/postgresql&password=secret';
  const services = {
    readState: async () => ({ ...UP, postgres: { url } }),
    supervisorOf: async () => null,
    up: async () => ({ ...UP, postgres: { url } }),
  };
  const shown = await run(['up', '--detach'], { services });
  expect(shown.exitCode).toBe(0);
  expect(shown.stdout).toContain('/run/postgresql');
  const asked = await run(['up', '--detach', '--json'], { services });
  expect(JSON.stringify(onlyObject(asked.stdout))).not.toContain('secret');
});
