/** The workflow bundle: built ahead for production, so that a worker starts without a compiler. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';
import { PROJECT_ROOT } from '../core/project-root';

export const BUNDLE_FILE = join(PROJECT_ROOT, 'dist', 'workflow-bundle.js');

/** Bundles the workflows that lie beside this file's house (TypeScript or compiled). */
export async function buildBundle(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../workflows/index'),
    // The progress line of the command that builds says enough.
    logger: { ...silent, warn: (message) => process.stderr.write(`${message}\n`) },
  });
  return code;
}

const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The bundle built ahead where there is one, else one built now. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  if (existsSync(BUNDLE_FILE)) return { codePath: BUNDLE_FILE };
  return { code: await buildBundle() };
}

if (require.main === module) {
  void buildBundle().then((code) => writeFile(BUNDLE_FILE, code));
}
