#!/usr/bin/env node
/** The launcher of the command line, which lies in dist/ once it is built. */
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const main = join(__dirname, '..', 'dist', 'cli', 'main.js');
if (existsSync(main)) {
  void require(main).main();
} else {
  process.stderr.write('watchlake is not built yet. Run `npm run setup` first.\n');
  process.exitCode = 1;
}
