/** A champion can be moved by a process whose number no account has, as in some containers. */
import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { accountName } from '../../../cli/account-name';
import { PROJECT_ROOT } from '../../../core/project-root';

const STRANGER = 54_321;

test('the account, or its number', () => {
  expect(accountName()).toBe(userInfo().username);
  if (process.getuid?.() !== 0) {
    process.stderr.write('\nSKIPPED: a number without an account: only root can take one\n');
    return;
  }
  const parser = { syntax: 'typescript' } as const;
  const file = join(PROJECT_ROOT, 'cli', 'account-name.ts');
  // Handed over as text, to a process that becomes a stranger: he may reach neither the project nor Node.
  const { code } = transformFileSync(file, { jsc: { parser }, module: { type: 'commonjs' } });
  const becomeStranger = `process.setgid(${STRANGER}); process.setuid(${STRANGER});`;
  const script = `${becomeStranger} ${code}; process.stdout.write(accountName());`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(stdout).toBe(`uid ${STRANGER}`);
});
