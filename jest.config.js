/** Three kinds of tests: those that need nothing, those that share one embedded stack, and end to end. */
const common = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // Packages that ship ES modules only are compiled for the test runner; Node loads them as they are.
  transformIgnorePatterns: [
    '/node_modules/(?!(node-pg-migrate|glob|minimatch|lru-cache|path-scurry|minipass|brace-expansion|balanced-match|yargs|yargs-parser|cliui|find-up-simple|package-up)/)',
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.watchlake/'],
};

module.exports = {
  // Ends what hangs, on a machine as busy as it may be; how fast something is, benches tell.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/tests/{unit,workflows,replay}/**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'stack',
      testMatch: ['<rootDir>/tests/{activities,contracts}/**/*.test.ts'],
      globalSetup: '<rootDir>/tests/support/start-stack.ts',
      globalTeardown: '<rootDir>/tests/support/stop-stack.ts',
    },
    {
      // The command line as it is built, each run with a stack of its own.
      ...common,
      displayName: 'e2e',
      testMatch: ['<rootDir>/tests/e2e/**/*.test.ts'],
    },
  ],
};
