import Module from 'node:module';

type Edit = readonly [file: string, from: RegExp, to: string];

const BUILDERS = ['Delete', 'Insert', 'SoftDelete', 'Update'].map(
  (name) => `query-builder/${name}QueryBuilder.js`,
);
const RUNNERS = ['postgres/Postgres', 'mysql/Mysql', 'better-sqlite3/BetterSqlite3'].map(
  (name) => `driver/${name}QueryRunner.js`,
);

/** What a later TypeORM could do: it calls another method, and has the old one still, by its name. */
export const LATER = {
  'SubjectExecutor.execute': [
    ['persistence/EntityPersistExecutor.js', /executor\.execute\(\)/g, 'executor.flush()'],
    [
      'persistence/SubjectExecutor.js',
      /async execute\(\) \{/,
      'execute() { return this.flush(); }\n async flush() {',
    ],
  ],
  'SubjectExecutor.broadcastAfterEventsForAll': [
    ['persistence/SubjectExecutor.js', /this\.broadcastAfterEventsForAll\(\)/g, 'this.tellAfter()'],
    [
      'persistence/SubjectExecutor.js',
      /\n {4}broadcastAfterEventsForAll\(\) \{/,
      '\n broadcastAfterEventsForAll() { return this.tellAfter(); }\n tellAfter() {',
    ],
  ],
  'QueryBuilder.registerQueryBuilderClass': [
    [
      'query-builder/QueryBuilder.js',
      /QueryBuilder\.queryBuilderRegistry\["((?:Insert|Update|Delete|SoftDelete)QueryBuilder)"\]\(this\)/g,
      'new (require("./$1").$1)(this)',
    ],
  ],
  'QueryBuilder.obtainQueryRunner': [
    ...[...BUILDERS, 'query-builder/QueryBuilder.js'].map((file): Edit => [
      file,
      /this\.obtainQueryRunner\(\)/g,
      'this.takeQueryRunner()',
    ]),
    [
      'query-builder/QueryBuilder.js',
      /\n {4}obtainQueryRunner\(\) \{/,
      '\n obtainQueryRunner() { return this.takeQueryRunner(); }\n takeQueryRunner() {',
    ],
  ],
  'SelectQueryBuilder.obtainQueryRunner': [
    [
      'query-builder/SelectQueryBuilder.js',
      /= this\.obtainQueryRunner\(\)/g,
      '= this.queryRunner ?? (this.dataSource ?? this.connection).createQueryRunner()',
    ],
  ],
  'QueryBuilder.createReturningExpression': [
    ...BUILDERS.map((file): Edit => [file, /this\.createReturningExpression\(/g, 'this.createReturning(']),
    [
      'query-builder/QueryBuilder.js',
      /\n {4}createReturningExpression\(/,
      '\n createReturningExpression(type) { return this.createReturning(type); }\n createReturning(',
    ],
  ],
  'EntityManager.clear': [
    ['repository/Repository.js', /this\.manager\.clear\(/, 'this.manager.empty('],
    [
      'entity-manager/EntityManager.js',
      /async clear\(/,
      'clear(target) { return this.empty(target); }\n async empty(',
    ],
  ],
  'QueryRunner.query': [
    ...BUILDERS.map((file): Edit => [file, /queryRunner\.query\(/g, 'queryRunner.run(']),
    ...RUNNERS.map((file): Edit => [
      file,
      /async query\(/,
      'query(...given) { return this.run(...given); }\n async run(',
    ]),
  ],
  'EntityMetadataValidator.validateMany': [
    ['data-source/DataSource.js', /\.validateMany\(/, '.validateAll('],
    [
      'metadata-builder/EntityMetadataValidator.js',
      /\n {4}validateMany\(/,
      '\n validateMany(...given) { return this.validateAll(...given); }\n validateAll(',
    ],
  ],
  'EntitySchemaTransformer.transform': [
    ['connection/ConnectionMetadataBuilder.js', /\.transform\(/, '.transformAll('],
    [
      'entity-schema/EntitySchemaTransformer.js',
      /\n {4}transform\(/,
      '\n transform(schemas) { return this.transformAll(schemas); }\n transformAll(',
    ],
  ],
} satisfies Readonly<Record<string, readonly Edit[]>>;

type Compile = (this: unknown, content: string, filename: string, ...rest: unknown[]) => unknown;

/** Lets TypeORM's files be loaded with these changes, each of which has to be one. */
export function loadWith(edits: readonly Edit[]): { readonly end: () => void } {
  const prototype = (Module as unknown as { prototype: { _compile: Compile } }).prototype;
  const compile = prototype._compile;
  const left = new Set(edits);
  prototype._compile = function (content, filename, ...rest) {
    let edited = content;
    for (const edit of edits) {
      const [file, from, to] = edit;
      if (!filename.endsWith(`/typeorm/${file}`)) continue;
      const before = edited;
      edited = edited.replace(from, to);
      if (edited !== before) left.delete(edit);
    }
    return compile.call(this, edited, filename, ...rest);
  };
  return {
    end: () => {
      prototype._compile = compile;
      if (left.size > 0)
        throw new Error(
          `Nothing to change: ${[...left].map(([file, from]) => `${from} in ${file}`).join('; ')}`,
        );
    },
  };
}
