/** Spark for tests: on the machine's Java, in the Python environment that all clones share. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnginesOptions } from '../../lakehouse/engines/engines';
import { loadConfig } from '../../workers/config';
import { sparkOptions } from '../../workers/spark';

export type TestSpark = NonNullable<EnginesOptions['spark']>;

const answers = (command: string, args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function missing(): string | undefined {
  if (!answers('java', ['-version'])) return 'java';
  return answers('python3', ['-c', 'import venv, ensurepip']) ? undefined : 'python3 with venv';
}

/** Left out, and said aloud, where the machine cannot run Spark. */
export function describeSpark(name: string, tests: () => void): void {
  const absent = missing();
  if (absent === undefined) return describe(name, tests);
  process.stderr.write(`\nSKIPPED: ${name}: there is no ${absent} on this machine\n`);
  describe.skip(name, tests);
}

/** The first one to need it installs PySpark. */
export { INSTALL_LIMIT_MS } from '../../stack/python';

export const testSpark = (changes: Partial<TestSpark> = {}): TestSpark => ({
  ...sparkOptions(loadConfig()),
  // Tests are short: code that is compiled quickly serves them better than code that runs fast.
  settings: { threads: 2, memory: '1g', javaOptions: '-XX:TieredStopAtLevel=1' },
  logFile: async () => join(tmpdir(), 'watchlake-spark-tests.log'),
  ...changes,
});
