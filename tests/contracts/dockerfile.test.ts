/** The Dockerfile by a linter that people use for it: hadolint, with all of its rules. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../core/project-root';
import { progressLine } from '../../stack/progress';
import { INSTALL_LIMIT_MS, pythonEnvironment } from '../../stack/python';
import { testCache } from '../support/start-stack';

const run = promisify(execFile);

async function hadolint(file: string): Promise<string> {
  const python = await pythonEnvironment({
    cache: testCache(),
    name: 'hadolint',
    requirements: join(__dirname, '..', 'support', 'hadolint-requirements.txt'),
    onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
  });
  const linter = join(dirname(python), 'hadolint');
  const found = await run(linter, ['--no-color', file]).catch((error: { stdout: string }) => error);
  return found.stdout;
}

test(
  'hadolint has nothing to say',
  async () => {
    expect(await hadolint(join(PROJECT_ROOT, 'Dockerfile'))).toBe('');
  },
  INSTALL_LIMIT_MS,
);
