/** The release before this one: which commit it is, and a built copy of it to run. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../core/project-root';
import pinned from './pinned-release.json';

export interface PreviousRelease {
  /** The tag; while there is none, a commit that was landed. */
  readonly name: string;
  readonly commit: string;
}

const run = promisify(execFile);

function git(...args: string[]): string {
  const options = { cwd: PROJECT_ROOT, encoding: 'utf8', stdio: 'pipe' } as const;
  return execFileSync('git', args, options).trim();
}

const commitOf = (name: string): string => git('rev-parse', '--verify', `${name}^{commit}`);

/** The highest release that went into this commit and is not this commit itself. */
function newestRelease(): PreviousRelease | undefined {
  const head = commitOf('HEAD');
  // The suffix puts a release candidate before its release.
  const tag = ['-c', 'versionsort.suffix=-', 'tag', '--merged', 'HEAD', '--list', 'v*'];
  return git(...tag, '--sort=-version:refname')
    .split('\n')
    .filter(Boolean)
    .map((name) => ({ name, commit: commitOf(name) }))
    .find(({ commit }) => commit !== head);
}

/**
 * A text says why there is none: no clone, or one without the older history. A full clone has it,
 * and throws when the pinned commit is gone from it.
 */
export function previousRelease(): PreviousRelease | string {
  try {
    git('rev-parse', '--git-dir');
  } catch (error) {
    return `this folder is not a clone (${String((error as { stderr?: unknown }).stderr).trim()})`;
  }
  const release = newestRelease();
  if (release) return release;
  const { commit } = pinned;
  try {
    return { name: commit.slice(0, 7), commit: commitOf(commit) };
  } catch (cause) {
    if (git('rev-parse', '--is-shallow-repository') === 'true') {
      return `the clone is shallow and lacks ${commit}; \`git fetch --unshallow --tags\` gets it`;
    }
    const message = `${commit} is not in this clone: pin one of main in pinned-release.json`;
    throw new Error(message, { cause });
  }
}

/** One link for each package: should the release need others, its own set-up replaces the links alone. */
async function linkPackages(root: string): Promise<void> {
  const packages = join(PROJECT_ROOT, 'node_modules');
  await mkdir(join(root, 'node_modules'));
  for (const name of await readdir(packages)) {
    if (name === '.bin' || name === '.cache') continue;
    await symlink(join(packages, name), join(root, 'node_modules', name));
  }
}

/** The release's own files in a folder of their own, built by its own set-up. */
export async function checkOut({ commit }: PreviousRelease): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'watchlake-previous-'));
  try {
    const archive = join(root, 'files.tar');
    await run('git', ['archive', '--output', archive, commit], { cwd: PROJECT_ROOT });
    await run('tar', ['-xf', archive], { cwd: root });
    await linkPackages(root);
    await run(process.execPath, [join('scripts', 'bootstrap.mjs')], { cwd: root });
    return root;
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}
