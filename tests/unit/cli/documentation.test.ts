import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  commandsPage,
  configurationPage,
  defaultOf,
  environmentExample,
  errorsPage,
  markdownTable,
} from '../../../cli/documentation';
import { formOf } from '../../../workers/variable-forms';
import { policiesPage } from '../../../cli/policy-documentation';
import { stediTablesPage } from '../../../cli/table-documentation';
import { ERRORS } from '../../../core/errors';
import { PROJECT_ROOT } from '../../../core/project-root';
import { DEFAULT_GATE, PROMOTION_REASONS, SKIP_REASONS } from '../../../models/promotion';
import { VARIABLES } from '../../../workers/config';

const committed = (path: string): string => readFileSync(join(PROJECT_ROOT, path), 'utf8');

test.each([
  ['docs/configuration.md', () => configurationPage(VARIABLES)],
  ['.env.example', () => environmentExample(VARIABLES)],
  ['docs/errors.md', () => errorsPage(ERRORS)],
  ['docs/cli.md', () => commandsPage()],
  ['docs/aws-policies.md', () => policiesPage()],
  ['docs/stedi-tables.md', () => stediTablesPage()],
])(
  '%s is what its source says (else: npm run build, node scripts/generate-docs.mjs)',
  (path, make) => {
    expect(committed(path)).toBe(make());
  },
);

test('every variable is described and in both files', () => {
  const names = Object.keys(VARIABLES);
  const configuration = configurationPage(VARIABLES);
  const example = environmentExample(VARIABLES);
  for (const name of names) {
    expect(VARIABLES[name as keyof typeof VARIABLES].description).toBeTruthy();
    expect(configuration).toContain(`| \`${name}\``);
    expect(example).toContain(`\n# ${name}=`);
  }
});

test('a form says what the schema accepts', () => {
  expect(formOf(z.stringbool())).toBe('`true` or `false`');
  expect(formOf(z.coerce.number().int().min(1).max(9))).toBe('number from 1 to 9');
  expect(formOf(z.enum(['a', 'b']).optional())).toBe('`a`, `b`');
  expect(formOf(z.string().min(16))).toBe('text, at least 16 characters');
});

test('a default is written as the environment has it', () => {
  expect(defaultOf(z.stringbool().default(false))).toBe('false');
  expect(defaultOf(z.array(z.string()).default(['a', 'b']))).toBe('a,b');
  expect(defaultOf(z.string())).toBeUndefined();
});

test('a table is aligned, and its cells cannot break it', () => {
  expect(markdownTable(['a', 'long title'], [['x|y', 'z']])).toBe(
    ['| a    | long title |', '| ---- | ---------- |', '| x\\|y | z          |'].join('\n'),
  );
});

test('every reason for which a challenger is promoted or not is explained, in the order in which the gate looks', () => {
  const reasons = [...committed('docs/promotion.md').matchAll(/^\| `([a-z-]+)` /gm)];
  expect(reasons.map(([, reason]) => reason)).toEqual([...PROMOTION_REASONS, ...SKIP_REASONS]);
});

test.each(Object.entries(DEFAULT_GATE))(
  'the page says that %s of the gate is %d',
  (name, value) => {
    const words = committed('docs/promotion.md')
      .replaceAll(/[`(,;]/g, '')
      .split(/[\s)]+/);
    expect(words[words.indexOf(name) + 1]).toBe(String(value));
  },
);
