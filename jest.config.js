const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Examples and tests import the library as its users do, and run against the sources.
    '^nestjs-typeorm-audit$': '<rootDir>/src/index.ts',
  },
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
          target: 'es2022',
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/sample/dist/'],
};

/** @type {import('jest').Config} */
export default {
  maxWorkers: 2,
  // A worker keeps what each of its suites has loaded; one that has grown this far is started anew.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 30_000,
  projects: [
    { ...common, testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    {
      ...common,
      testMatch: ['<rootDir>/test/{e2e,model,compat,tasks,twin}/**/*.test.ts'],
      // Looks for databases, so that it is run only where tests of these are.
      globalSetup: '<rootDir>/test/support/servers/servers.ts',
      globalTeardown: '<rootDir>/test/support/servers/global-teardown.ts',
    },
  ],
};
