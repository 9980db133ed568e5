/** The workflow bundle stays small and deterministic: no validation library, nothing of Node. */
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { testBundle } from '../support/workflow-bundle';

const MAXIMUM_BYTES = 2_200_000;
/** Packages that the workflow library itself brings along. */
const EXPECTED_PACKAGES = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];

let code: string;
let modules: string[];

beforeAll(async () => {
  code = readFileSync(await testBundle(), 'utf8');
  // The bundler names each module by its path: `"./core/errors.ts"` and the like.
  modules = [...code.matchAll(/^\/\*{3}\/ "(\.[^"]+)"$/gm)].map((match) => match[1] as string);
}, 120_000);

test('holds the workflows and what they decide with', () => {
  expect(modules).toContain('./workflows/retrain.ts');
  expect(modules).toContain('./models/promotion.ts');
});

test('holds no activity, no adapter and no validation library', () => {
  // The folder of the packages may be a link to one elsewhere.
  const own = modules.filter((path) => !/^\.(\/|.*\/)node_modules\//.test(path));
  const houses = new Set(own.map((path) => path.split('/')[1]));
  expect([...houses].sort()).toEqual(['core', 'models', 'workflows']);
  expect(code).not.toContain('node_modules/zod');
});

test('brings in no package beyond those of the workflow library', () => {
  const packages = modules.flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(path)?.[1] ?? [],
  );
  expect([...new Set(packages)].sort()).toEqual(EXPECTED_PACKAGES);
});

test('asks Node for nothing', () => {
  const asked = [...code.matchAll(/\brequire\(["'](?:node:)?([\w/]+)["']\)/g)].map(
    ([, name]) => name,
  );
  expect(asked.filter((name) => builtinModules.includes(name ?? ''))).toEqual([]);
});

test('stays below its limit', () => {
  expect(Buffer.byteLength(code)).toBeLessThan(MAXIMUM_BYTES);
});
