/** A PATH on which only the tools lie that a test puts there. */
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeTools {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly put: (name: string, script: string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

export async function fakeTools(): Promise<FakeTools> {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-tools-'));
  for (const name of ['env', 'sh', 'cp']) {
    await symlink(join(name === 'env' ? '/usr/bin' : '/bin', name), join(folder, name));
  }
  return {
    folder,
    environment: { PATH: folder },
    async put(name, script) {
      await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(folder, name), 0o755);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
