/** A worker that cannot start says so in its log, in the log's own form. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';
import { temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

function failedStart(environment: Record<string, string>) {
  const entry = join(PROJECT_ROOT, 'workers', 'main.ts');
  const typescript = join(PROJECT_ROOT, 'tests', 'support', 'typescript.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-r', typescript, entry], {
    env: { PATH: process.env['PATH'], WATCHLAKE_HOME: folder.path(), ...environment },
    encoding: 'utf8',
  });
  // Native libraries write lines of their own before it.
  const last = (text: string) => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as object;
  return { status, last: { stdout: () => last(stdout), stderr: () => last(stderr) } };
}

test('where nothing runs that it could work for', () => {
  const { status, last } = failedStart({ METRICS: 'false' });
  expect(status).toBe(1);
  expect(last.stdout()).toMatchObject({
    ...{ part: 'worker', msg: 'worker failed', level: 60 },
    err: { code: 'STACK_NOT_RUNNING' },
  });
});

test('where its settings are wrong', () => {
  const { status, last } = failedStart({ METRICS_PORT: 'much' });
  expect(status).toBe(1);
  expect(last.stderr()).toMatchObject({ failure: { code: 'CONFIG_INVALID' } });
});
