import { type EntityMetadata, type QueryFailedError, type QueryResult, type QueryRunner } from 'typeorm';
import { AuditError } from '../../audit.errors.js';
import { type KeyPacker, type Keys } from '../../dialect/keys/key.js';
import { type Returning, type WriteKind } from '../../dialect/keys/keys.js';
import { typeormVersion } from '../../typeorm/version.js';
import { type RowReader } from './row-reader.js';

const PLACE = 'audit_key_place';
const PACKED = 'WITH audit_written AS (';

/** What a statement has returned of the rows that it wrote. */
export interface ReturnedRows {
  readonly keys: Keys;
  readonly places: readonly string[] | undefined;
}

/** Adds the keys of the rows that a statement writes to what it returns, and takes them out of the caller's sight. */
export class KeyReturning {
  private readonly keys: string;
  private own = '';
  private isListed = false;

  constructor(
    private readonly reader: RowReader,
    private readonly table: EntityMetadata,
    private readonly kind: WriteKind,
    private readonly form: Returning,
    private readonly isNeeded: () => boolean,
    /** Where the keys are not needed one by one. */
    private readonly packer: KeyPacker | undefined,
    /** Whether it is to be known where the rows are. */
    private readonly hasPlaces: boolean,
    /** How many rows an insert is given. */
    private readonly given: () => number | undefined,
  ) {
    const keys = reader.keys.expressions(table);
    this.keys = hasPlaces ? `${keys}, ${reader.dialect.keys.rowPlace} AS ${PLACE}` : keys;
  }

  /** Whether the statement returns the keys, once its text has been made. */
  get isAsked(): boolean {
    return this.form !== 'beside' || this.own !== '' || this.isNeeded();
  }

  /** The list of TypeORM's own RETURNING clause. */
  list(own: string): string {
    this.own = own;
    this.isListed = true;
    if (this.form === 'appended' || !this.isAsked) return own;
    return own === '' ? this.keys : `${own}, ${this.keys}`;
  }

  /** @throws AuditError when TypeORM has made the statement without asking for the list */
  statement(text: string): string {
    if (this.form !== 'appended' && this.isAsked && !this.isListed)
      throw new AuditError(
        `TypeORM ${typeormVersion()} makes the RETURNING clause of a write to ${this.table.name} by itself, so the write ` +
          `can't be recorded, and nothing was written. Use a version of TypeORM that nestjs-typeorm-audit lists among its ` +
          `peer dependencies.`,
      );
    if (this.form === 'appended')
      return `${text}${this.reader.dialect.keys.returningClause(this.kind, this.keys)}`;
    return this.isPacked ? `${PACKED}${text}${this.packedEnd}` : text;
  }

  /** The statement as it would be without the keys. */
  shown(text: string): string {
    if (this.isPacked && text.startsWith(PACKED)) return text.slice(PACKED.length, -this.packedEnd.length);
    if (this.form === 'appended')
      return text.replace(this.reader.dialect.keys.returningClause(this.kind, this.keys), '');
    return text.replace(this.own === '' ? ` RETURNING ${this.keys}` : `, ${this.keys}`, '');
  }

  /** Makes an error of the statement tell of it like that. */
  hideFrom(error: QueryFailedError): void {
    for (const told of [error, error.driverError] as unknown as Record<string, unknown>[])
      for (const name of ['query', 'sql'])
        if (typeof told[name] === 'string') told[name] = this.shown(told[name]);
  }

  private get packedEnd(): string {
    return `) ${this.packer!.select('audit_written', this.reader.keys.names(this.table))}`;
  }

  /** The keys in a result, which is then as it would have been without them. */
  async take(queryRunner: QueryRunner, result: QueryResult): Promise<ReturnedRows> {
    const { reader, table } = this;
    const rows = result.records as Record<string, unknown>[];
    if (this.isPacked) {
      const packed = this.packer!.take(rows);
      result.affected = packed.length;
      await reader.dialect.keys.forgetReturned(queryRunner, this.kind, result, undefined, undefined);
      return { keys: packed, places: undefined };
    }
    const keys = reader.keys.keysIn(table, rows);
    const places = this.hasPlaces ? rows.map((row) => row[PLACE] as string) : undefined;
    if (this.own === '') {
      const numbered = this.kind === 'insert' ? await reader.keys.numbered(queryRunner, table) : undefined;
      const first: unknown = numbered && keys[0]?.[table.primaryColumns.indexOf(numbered)];
      await reader.dialect.keys.forgetReturned(queryRunner, this.kind, result, first, this.given());
      return { keys, places };
    }
    result.records = reader.keys.withoutKeys(rows);
    // PostgreSQL's driver gives updated and deleted rows together with their number.
    const [first, ...rest] = result.raw as unknown[];
    result.raw = first === rows ? [result.records, ...rest] : result.records;
    return { keys, places };
  }

  private get isPacked(): boolean {
    return this.packer !== undefined && this.own === '';
  }
}
