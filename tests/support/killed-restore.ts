/** Restores a backup, in a process that kills itself before one of its renames. */
import fs from 'node:fs/promises';
import { restoreBackup } from '../../cli/backup/restore';
import { loadConfig } from '../../workers/config';

export interface KilledRestoreInput {
  home: string;
  source: string;
  /** It dies before this part is put in its place. */
  part: string;
}

const { home, source, part } = JSON.parse(process.argv[2] ?? '') as KilledRestoreInput;
const rename = fs.rename;
fs.rename = (from, to) => {
  if (String(to).endsWith(`/${part}`)) process.kill(process.pid, 'SIGKILL');
  return rename(from, to);
};
const config = loadConfig({ WATCHLAKE_HOME: home });
void restoreBackup({ config, source, force: true, onProgress: () => undefined });
