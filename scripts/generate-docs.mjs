/** Writes the reference pages and .env.example from the built sources; a test keeps them equal. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

const documentation = require(join(root, 'dist', 'cli', 'documentation.js'));
const { policiesPage } = require(join(root, 'dist', 'cli', 'policy-documentation.js'));
const { stediTablesPage } = require(join(root, 'dist', 'cli', 'table-documentation.js'));
const { VARIABLES } = require(join(root, 'dist', 'workers', 'config.js'));
const { ERRORS } = require(join(root, 'dist', 'core', 'errors.js'));

const pages = {
  'docs/configuration.md': documentation.configurationPage(VARIABLES),
  '.env.example': documentation.environmentExample(VARIABLES),
  'docs/errors.md': documentation.errorsPage(ERRORS),
  'docs/cli.md': documentation.commandsPage(),
  'docs/aws-policies.md': policiesPage(),
  'docs/stedi-tables.md': stediTablesPage(),
};

for (const [path, text] of Object.entries(pages)) {
  writeFileSync(join(root, path), text);
  console.log(`wrote ${path}`);
}
