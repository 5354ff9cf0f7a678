import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// What each part of src/ may import of the others; itself, audit.errors, audit.options, audit.tokens and option-names
// always.
// One way only: capture and history meet in audited (the plan), revision and dialect, never in each other.
const mayImport = {
  typeorm: [],
  context: [],
  dialect: ['typeorm'],
  revision: ['dialect', 'typeorm'],
  audited: ['revision', 'dialect', 'typeorm'],
  schema: ['audited', 'revision', 'dialect', 'typeorm'],
  capture: ['audited', 'context', 'revision', 'dialect', 'typeorm'],
  history: ['audited', 'context', 'revision', 'dialect', 'typeorm'],
  maintenance: ['history', 'capture', 'audited', 'context', 'revision', 'dialect'],
  http: ['history', 'context', 'audited'],
  cli: ['maintenance', 'history', 'http', 'audited'],
};
// The rooms of a part, from the lowest to the highest: each may import those on the lines before its own, and itself. A
// file directly in the part is a room too; one that isn't listed is above all of them.
const roomsOf = {
  capture: [
    ['write'],
    ['unit', 'tables'],
    ['rows'],
    ['writer'],
    ['baselines', 'skips'],
    ['intercept'],
    ['events'],
    ['engine', 'shared-options'],
  ],
  audited: [['marks'], ['masks'], ['decorators']],
  maintenance: [['maintenance.types'], ['session'], ['acts']],
  history: [
    ['types'],
    ['arguments'],
    ['reader'],
    ['revisions'],
    ['timeline', 'feed', 'past', 'words'],
    ['history'],
    ['time-travel', 'restore'],
    ['undo'],
  ],
  http: [
    ['openapi', 'request', 'endpoints-path', 'no-store', 'http-errors.interceptor', 'endpoints.guard'],
    ['audited-entities', 'endpoints.check'],
    ['show'],
    ['audit.controller'],
  ],
};
// Of the files above the folders, beside those four.
const mayImportAbove = { cli: ['attach-audit', 'nearest-name'] };
const parts = Object.keys(mayImport);

const httpNames =
  '^(Controller|Get|Post|Put|Patch|Delete|Head|Options|All|Param|Query|Body|Headers|Req|Res|Header|HttpCode|' +
  'UseGuards|UsePipes|UseFilters|HttpStatus|\\w*(Http\\w*|BadRequest|NotFound|Forbidden|Conflict)Exception)$';
const httpOnly = [
  { regex: '^@nestjs/(swagger|platform-)', message: 'Only http/ knows of HTTP.' },
  { regex: '^@nestjs/common$', importNamePattern: httpNames, message: 'Only http/ knows of HTTP.' },
];
const noBarrel = {
  regex: '^\\.{1,2}/(\\.\\./)*index(\\.js)?$',
  message: 'Import the file, never the barrel.',
};

/** The rules of a part, and of each of its rooms. */
function rulesOf(part) {
  const rules = [importRules(part, `src/${part}/*.ts`, 1), importRules(part, `src/${part}/*/*.ts`, 2)];
  const rooms = roomsOf[part] ?? [];
  rooms.forEach((line, at) => {
    const below = rooms.slice(0, at).flat();
    for (const room of line) {
      const known = [...below, room].map((name) => name.replaceAll('.', '\\.')).join('|');
      const message = `${part}/${room} may import ${below.join(', ') || 'nothing'} of ${part}/.`;
      rules.push(
        importRules(part, `src/${part}/${room}.ts`, 1, { regex: `^\\./(?!(${known})(/|\\.js$))`, message }),
        importRules(part, `src/${part}/${room}/*.ts`, 2, {
          regex: `^\\.\\./(?!\\.\\./)(?!(${known})(/|\\.js$))`,
          message,
        }),
      );
    }
  });
  return rules;
}

// Above a folder inside a part is still the part, so it takes more levels to leave it.
function importRules(part, files, levels, ofRoom) {
  const above = ['audit\\.(errors|options|tokens)', 'option-names', ...(mayImportAbove[part] ?? [])];
  const forbidden = parts.filter((other) => other !== part && !mayImport[part].includes(other));
  return {
    files: [files],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
              message: `${part}/ may import ${mayImport[part].join(', ') || 'nothing of ours'}.`,
            },
            // A file beside the folders that is none of these puts the parts together: they don't know it.
            {
              regex: `^(\\.\\./){${levels},}(?!(${above.join('|')})\\.js$)[\\w.-]+$`,
              message:
                'Of the files above the folders, a part may import audit.errors, audit.options, audit.tokens and option-names.',
            },
            noBarrel,
            ...(ofRoom ? [ofRoom] : []),
            ...(part === 'http' ? [] : httpOnly),
          ],
        },
      ],
    },
  };
}

export default defineConfig(
  globalIgnores(['dist/', 'sample/dist/', 'coverage/']),
  eslint.configs.recommended,
  {
    files: ['**/*.{ts,cts}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // TypeORM hands entities and raw rows around as any: these would report its types, not our mistakes.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // async is also how a method that throws promises to reject instead.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [noBarrel] }],
    },
  },
  ...parts.flatMap(rulesOf),
  {
    files: ['src/audit.{errors,options,module-definition}.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [noBarrel, ...httpOnly] }] },
  },
  {
    // What is wrapped has to be checked when a data source is attached.
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          "AssignmentExpression[left.object.property.name='prototype']",
          "AssignmentExpression[left.object.name='prototype']",
        ].map((selector) => ({ selector, message: "Wrap a method of TypeORM's by wrapMember()." })),
      ],
    },
  },
  {
    files: ['**/*.cts'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
  },
);
