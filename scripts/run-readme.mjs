/** Runs the commands of the README's ```sh blocks word for word, in order, and stops at the first failure. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

// A reader clones first; here the clone is what the script runs in.
const CLONING = /^(git clone|cd) /;

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, body]) => body);
const commands = blocks
  .flatMap((body) => body.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '' && !line.startsWith('#') && !CLONING.test(line));

if (commands.length < 2) {
  console.error('README.md has no commands to run');
  process.exit(1);
}
for (const command of commands) {
  const startedMs = Date.now();
  console.log(`\n$ ${command}`);
  const { status } = spawnSync(command, { shell: true, stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`(${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
  if (status !== 0) {
    console.error(`README.md: «${command}» ended with ${status}`);
    process.exit(1);
  }
}
console.log(`\nREADME.md: ${commands.length} commands ran`);
