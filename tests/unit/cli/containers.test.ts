/** `watchlake migrate` and `page`: the parts of `up` that containers run one by one. */
import { onlyObject, run } from './fake-surroundings';

test('migrate says what it ran', async () => {
  const services = { migrate: async () => ['1_schemas', '2_registry'] };
  expect(onlyObject((await run(['migrate', '--json'], { services })).stdout)).toEqual({
    ...{ ok: true, migrations: ['1_schemas', '2_registry'] },
  });
  expect((await run(['migrate'], { services })).stdout).toContain('2 migrations: 1_schemas');
});

test('migrate says when there was nothing to do', async () => {
  const { exitCode, stdout } = await run(['migrate'], { services: { migrate: async () => [] } });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('of this version already');
});

test('page runs until Ctrl-C, and closes', async () => {
  const close = jest.fn(async () => undefined);
  const page = { url: 'http://127.0.0.1:8080', workerToken: null, close };
  const { exitCode, stdout, stderr } = await run(['page', '--json'], {
    services: { startPage: async () => page },
    onListening: (interrupt) => setImmediate(interrupt),
  });
  expect(exitCode).toBe(0);
  expect(onlyObject(stdout)).toMatchObject({ stopped: true, url: page.url });
  expect(stderr).toContain('http://127.0.0.1:8080/healthz');
  expect(close).toHaveBeenCalledTimes(1);
});
