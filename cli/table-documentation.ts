/** Writes docs/stedi-tables.md: the tables of the format `stedi`, from their declarations. */
import { SOURCE_NAMES } from '../lakehouse/stedi/fields';
import { landingTable } from '../lakehouse/stedi/landing-tables';
import { STEDI_DATASET } from '../lakehouse/stedi/locations';
import { DEFAULT_OPTIONS } from '../lakehouse/stedi/options';
import { declaredTables } from '../lakehouse/stedi/refresh-plan';
import type { TableDeclaration } from '../lakehouse/tables';
import { checksOf, isSqlTable, wholeSelect } from '../lakehouse/tables';
import { GENERATED, markdownTable, page } from './documentation';

const code = (text: string): string => `\`${text}\``;

const tables = (): TableDeclaration[] => [
  ...SOURCE_NAMES.map((source) => landingTable(STEDI_DATASET, source, '')),
  ...declaredTables({ dataset: STEDI_DATASET, options: DEFAULT_OPTIONS }),
];

const columnTable = ({ columns }: TableDeclaration): string =>
  markdownTable(
    ['column', 'type', '', 'what it is'],
    columns.map(({ name, type, required, personal, comment }) => [
      code(name),
      type,
      [required ? '' : 'optional', personal ? 'personal' : ''].filter(Boolean).join(', '),
      comment,
    ]),
  );

const reasonTable = ({ reasons = [] }: TableDeclaration): string[] =>
  reasons.length === 0
    ? []
    : [
        markdownTable(
          ['rows are', 'reason', 'because'],
          reasons.map(({ fate, reason, meaning }) => [fate, code(reason), meaning]),
        ),
      ];

const ALWAYS = ['balance', 'files-hold-the-rows'];

function facts(table: TableDeclaration): string {
  const { location = '', inputs, key, zone } = table;
  const personal = zone === 'curated' ? ['no-personal-column'] : [];
  const checks = [...ALWAYS, ...personal, ...checksOf(table).map(({ name }) => name)];
  const lines = [
    `- Lies in ${code(location)}.`,
    inputs.length > 0 ? `- Made from ${inputs.map(code).join(', ')}.` : '- Made from the source.',
    key.length > 0 ? `- Key: ${key.map(code).join(', ')}.` : '- No key: nothing names a row.',
    `- Checked before it is published: ${checks.map(code).join(', ')}.`,
  ];
  return lines.join('\n');
}

const sqlBlock = (table: TableDeclaration): string[] =>
  isSqlTable(table)
    ? [
        `<details><summary>The SELECT</summary>\n\n\`\`\`sql\n${wholeSelect(table.transform)}\n\`\`\`\n\n</details>`,
      ]
    : [];

/** docs/stedi-tables.md. */
export function stediTablesPage(): string {
  const sections = tables().flatMap((table) => [
    `## ${code(table.name)}`,
    `${table.comment}.`,
    facts(table),
    columnTable(table),
    ...reasonTable(table),
    ...sqlBlock(table),
  ]);
  return page(
    '# The tables of the format `stedi`',
    GENERATED,
    'As they are declared in `lakehouse/stedi/`, with the default options (`--consent from-date --association person`) and the dataset `stedi`; another dataset has its name in front of each place. [stedi.md](stedi.md) tells what they are for.',
    ...sections,
  );
}
