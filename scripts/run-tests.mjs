/**
 * Runs the tests: first those that need nothing, on every core, then those that share one embedded stack, then the
 * end-to-end ones, one at a time.
 * `--long` adds the long variants; other arguments go to Jest, for example a part of a file's name.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
// Where a caller, such as CI, wants the counts as JSON.
const results = process.env.WATCHLAKE_TEST_RESULTS;

const given = process.argv.slice(2);
const isLong = given.includes('--long');
const filters = given.filter((argument) => argument !== '--long');

const runs = [
  { name: 'unit', args: ['--selectProjects', 'unit', '--maxWorkers=100%'] },
  { name: 'stack', args: ['--selectProjects', 'stack'] },
  { name: 'e2e', args: ['--selectProjects', 'e2e', '--runInBand'] },
];

const statuses = runs.map(({ name, args }) => {
  const { status } = spawnSync(
    process.execPath,
    [
      jest,
      ...args,
      ...(isLong ? [] : ['--testPathIgnorePatterns', String.raw`\.long\.test\.ts$`]),
      ...(results ? ['--json', '--outputFile', join(results, `${name}.json`)] : []),
      ...(filters.length > 0 ? ['--passWithNoTests', ...filters] : []),
    ],
    {
      cwd: root,
      // Jest's JSON also goes to standard output, where nobody wants to read it.
      stdio: ['ignore', results ? 'ignore' : 'inherit', 'inherit'],
      env: isLong ? { WATCHLAKE_KILLS: '10', ...process.env } : process.env,
    },
  );
  return status ?? 1;
});
process.exit(Math.max(...statuses));
