/** Chooses what TensorFlow.js computes on: the native library where it loads, else WebAssembly. */
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { WatchlakeError } from '../core/errors';

export type BackendName = 'tensorflow' | 'wasm';

const NATIVE = '@tensorflow/tfjs-node';

/** The native binding still calls two functions that Node 23 removed. */
function restoreRemovedUtilities(): void {
  const target = util as unknown as Record<string, unknown>;
  target['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  target['isArray'] ??= Array.isArray;
}

let native: Promise<Error | null> | undefined;

/** Resolves to the reason when the native library does not load, to null when it does. */
async function loadNative(): Promise<Error | null> {
  native ??= (async () => {
    restoreRemovedUtilities();
    try {
      await import(NATIVE);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  })();
  return native;
}

async function activate(name: BackendName): Promise<{ name: BackendName }> {
  if (tf.getBackend() !== name && !(await tf.setBackend(name))) {
    throw new WatchlakeError('TOOL_MISSING', { tool: `The TensorFlow.js backend ${name}` });
  }
  await tf.ready();
  return { name };
}

/**
 * Makes a backend the current one. `auto` keeps the one in use, and at first prefers the native one.
 * Both give the same predictions to 1e-4 for the same weights.
 */
export async function useBackend(
  preferred: 'auto' | BackendName = 'auto',
): Promise<{ name: BackendName }> {
  const current = tf.getBackend();
  if (preferred === 'auto' && (current === 'tensorflow' || current === 'wasm')) {
    return activate(current);
  }
  if (preferred === 'wasm') return activate('wasm');
  const failure = await loadNative();
  if (failure === null) return activate('tensorflow');
  if (preferred === 'auto') return activate('wasm');
  const detail = failure.message;
  throw new WatchlakeError('TOOL_MISSING', { tool: 'TensorFlow', detail }, failure);
}
