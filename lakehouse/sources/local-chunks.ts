/** Reads a local file piece by piece into the same memory: a stream takes new memory for each, and has it collected. */
import { open } from 'node:fs/promises';

const CHUNK_BYTES = 1024 * 1024;

/** Each chunk is gone when the next one is asked for: whoever keeps one copies it. */
export async function* localChunks(
  path: string,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<Buffer, undefined> {
  const file = await open(path);
  try {
    const memory = Buffer.allocUnsafe(CHUNK_BYTES);
    let at = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(memory, 0, memory.length, at);
      if (bytesRead === 0) return undefined;
      at += bytesRead;
      yield memory.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
