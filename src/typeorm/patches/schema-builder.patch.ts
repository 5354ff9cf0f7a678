import { type DataSource, type EntityMetadata, type QueryRunner, type Table } from 'typeorm';
import { dataSourceOf } from '../data-source-of.js';
import { wrapMember } from '../wrap-member.js';

/** A run of TypeORM's schema builder, for `synchronize`, `migration:generate` or `schema:log`. */
export interface SchemaBuild {
  readonly dataSource: DataSource;
  /** Its statements are sent, or collected for a migration. */
  readonly queryRunner: QueryRunner;
  /** A table as it is in the database, with the changes of this run; undefined if it is missing. */
  tableOf(this: void, metadata: EntityMetadata): Table | undefined;
  /** Runs TypeORM's steps for the tables that it may have. */
  synchronize(): Promise<void>;
}

/** Takes tables out of TypeORM's hands. */
export interface SchemaExtension {
  /** Whether the extension changes a table, and TypeORM leaves it alone. */
  isOwn(dataSource: DataSource, metadata: EntityMetadata): boolean;
  /** Runs in place of TypeORM's steps. */
  build(build: SchemaBuild): Promise<void>;
}

interface Builder {
  readonly entityToSyncMetadatas: EntityMetadata[];
  readonly queryRunner: QueryRunner & { readonly loadedTables: Table[] };
  /** TypeORM 0.3 has them in the query runner. */
  readonly tables?: Table[];
  getTablePath(target: EntityMetadata | Table): string;
}

/**
 * Wraps the schema builder, which compares tables with metadata for all commands of TypeORM's CLI.
 *
 * TypeORM changes the type of a column by dropping and adding it, and guesses renames from differences of a table. No
 * option keeps it from a table that it creates.
 */
export function extendSchemaBuilders(extension: SchemaExtension): void {
  wrapMember(
    'RdbmsSchemaBuilder',
    'executeSchemaSyncOperationsInProperOrder',
    (execute: (this: Builder) => Promise<void>) =>
      function (this: Builder) {
        const dataSource = dataSourceOf(this);
        const { queryRunner } = this;
        return extension.build({
          dataSource,
          queryRunner,
          tableOf: (metadata) =>
            (this.tables ?? queryRunner.loadedTables).find(
              (table) => this.getTablePath(table) === this.getTablePath(metadata),
            ),
          synchronize: () => {
            const theirs = this.entityToSyncMetadatas.filter(
              (metadata) => !extension.isOwn(dataSource, metadata),
            );
            return withProperty(this, 'entityToSyncMetadatas', theirs, () => execute.call(this));
          },
        });
      },
  );
}

/** Runs something while an object has a property of its own in place of an inherited one. */
export async function withProperty<T>(
  of: object,
  name: string,
  value: unknown,
  run: () => Promise<T>,
): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(of, name);
  Object.defineProperty(of, name, { value, configurable: true, writable: true });
  try {
    return await run();
  } finally {
    if (own) Object.defineProperty(of, name, own);
    else Reflect.deleteProperty(of, name);
  }
}
