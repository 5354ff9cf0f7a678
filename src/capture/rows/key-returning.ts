import { type EntityMetadata, type QueryFailedError, type QueryResult, type QueryRunner } from 'typeorm';
import { AuditError } from '../../audit.errors.js';
import { type KeyPacker, type Keys } from '../../dialect/keys/key.js';
import { type Returning, type WriteKind } from '../../dialect/keys/keys.js';
import { typeormVersion } from '../../typeorm/version.js';
import { type RowReader } from './row-reader.js';

const PLACE = 'audit_key_place';
const PACKED = 'WITH audit_written AS (';

/** The keys that a statement has returned for its rows. */
export interface KeysAndPlaces {
  readonly keys: Keys;
  readonly places: readonly string[] | undefined;
}

/** Makes a statement return the keys of its rows, and hides them from the caller. */
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
    /** Given if the keys are not needed one by one. */
    private readonly packer: KeyPacker | undefined,
    /** Whether to return the physical places of the rows too. */
    private readonly hasPlaces: boolean,
    /** The number of rows that an insert is given. */
    private readonly given: () => number | undefined,
  ) {
    const keys = reader.keys.expressions(table);
    this.keys = hasPlaces ? `${keys}, ${reader.dialect.keys.rowPlace} AS ${PLACE}` : keys;
  }

  /** Whether the statement returns the keys; known once its text is built. */
  get isAsked(): boolean {
    return this.form !== 'beside' || this.own !== '' || this.isNeeded();
  }

  /** Adds the keys to the list of TypeORM's own RETURNING clause. */
  list(own: string): string {
    this.own = own;
    this.isListed = true;
    if (this.form === 'appended' || !this.isAsked) return own;
    return own === '' ? this.keys : `${own}, ${this.keys}`;
  }

  /** @throws AuditError when TypeORM has built the statement without calling `list()` */
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

  /** The statement without the keys, for the caller. */
  withoutKeys(text: string): string {
    if (this.isPacked && text.startsWith(PACKED)) return text.slice(PACKED.length, -this.packedEnd.length);
    if (this.form === 'appended')
      return text.replace(this.reader.dialect.keys.returningClause(this.kind, this.keys), '');
    return text.replace(this.own === '' ? ` RETURNING ${this.keys}` : `, ${this.keys}`, '');
  }

  /** Replaces the statement in its error by the text without the keys. */
  hideFrom(error: QueryFailedError): void {
    for (const told of [error, error.driverError] as unknown as Record<string, unknown>[])
      for (const name of ['query', 'sql'])
        if (typeof told[name] === 'string') told[name] = this.withoutKeys(told[name]);
  }

  private get packedEnd(): string {
    return `) ${this.packer!.select('audit_written', this.reader.keys.names(this.table))}`;
  }

  /** Takes the keys out of a result, so that the caller gets the result without them. */
  async take(queryRunner: QueryRunner, result: QueryResult): Promise<KeysAndPlaces> {
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
      const numbered =
        this.kind === 'insert' ? await reader.keys.numberColumn(queryRunner, table) : undefined;
      const first: unknown = numbered && keys[0]?.[table.primaryColumns.indexOf(numbered)];
      await reader.dialect.keys.forgetReturned(queryRunner, this.kind, result, first, this.given());
      return { keys, places };
    }
    result.records = reader.keys.withoutKeys(rows);
    // For updates and deletes TypeORM's PostgreSQL result is [rows, number of rows].
    const [first, ...rest] = result.raw as unknown[];
    result.raw = first === rows ? [result.records, ...rest] : result.records;
    return { keys, places };
  }

  private get isPacked(): boolean {
    return this.packer !== undefined && this.own === '';
  }
}
