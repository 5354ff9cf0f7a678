import { type Logger } from 'typeorm';

export interface RecordedQuery {
  readonly sql: string;
  readonly parameters: unknown[];
}

/** Keeps what a database was asked, and what of it failed. */
export class QueryRecorder implements Logger {
  readonly queries: RecordedQuery[] = [];
  readonly failed: string[] = [];

  /** The texts of the queries. */
  get statements(): string[] {
    return this.queries.map(({ sql }) => sql);
  }

  get last(): RecordedQuery {
    return this.queries.at(-1)!;
  }

  clear(): void {
    this.queries.length = 0;
  }

  logQuery(sql: string, parameters: unknown[] = []): void {
    this.queries.push({ sql, parameters });
  }
  logQueryError(_error: string | Error, sql: string): void {
    this.failed.push(sql);
  }
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
