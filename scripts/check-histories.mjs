/**
 * Recorded histories are append-only: fails when one was edited, renamed or removed.
 *
 * `node scripts/check-histories.mjs [folder]`; with `--add` it lists histories that are new.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const given = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
const folder = resolve(given ?? join(root, 'tests', 'replay', 'histories'));
const list = join(folder, 'SHA256SUMS');

const sha256 = (file) =>
  createHash('sha256')
    .update(readFileSync(join(folder, file)))
    .digest('hex');

/** The output of git inside the folder; null where there is no repository, or none of its commits. */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    // A git hook that runs this names its own repository in the environment.
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')),
    ),
    maxBuffer: 1 << 28,
  });
  return status === 0 ? stdout.split('\n').filter((line) => line !== '') : null;
}

function readList() {
  if (!existsSync(list)) return new Map();
  const lines = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return new Map(lines.map((line) => line.split('  ').reverse()));
}

function writeList(sums) {
  const lines = [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, sum]) => `${sum}  ${file}`);
  writeFileSync(list, `${lines.join('\n')}\n`);
}

const committedList = () => {
  const lines = git('show', 'HEAD:./SHA256SUMS') ?? [];
  return new Map(lines.map((line) => line.split('  ').reverse()));
};

const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort();

if (process.argv.includes('--add')) {
  // What was committed keeps its sum, so that a later edit is still found.
  writeList(new Map([...files.map((file) => [file, sha256(file)]), ...committedList()]));
}

const sums = readList();
const problems = [
  ...files.filter((file) => !sums.has(file)).map((file) => `${file} is not listed in SHA256SUMS`),
  ...[...sums.keys()].filter((file) => !files.includes(file)).map((file) => `${file} was removed`),
  ...files
    .filter((file) => sums.has(file) && sums.get(file) !== sha256(file))
    .map((file) => `${file} was edited`),
];

// An edit that came with its new sum shows in the list's own past.
const past = git('log', '--format=', '--patch', '--unified=0', '--', 'SHA256SUMS') ?? [];
const present = git('diff', '--unified=0', 'HEAD', '--', 'SHA256SUMS') ?? [];
for (const line of [...past, ...present]) {
  const [, file] = /^-[0-9a-f]{64} {2}(.+)$/.exec(line) ?? [];
  if (file) problems.push(`the sum of ${file} was changed or removed`);
}
if (git('rev-parse', '--verify', 'HEAD') === null) {
  process.stderr.write('no commit to compare with: only SHA256SUMS was checked\n');
}

for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) {
  process.stderr.write(
    'Recorded histories are append-only: restore the file; record a changed workflow as a new case.\n',
  );
}
process.exitCode = problems.length > 0 ? 1 : 0;
