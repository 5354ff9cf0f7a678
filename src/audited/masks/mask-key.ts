import { type DataSource, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type Mask } from '../../dialect/masks/digest-key.js';
import { type MaskedColumn } from '../../dialect/masks/mask.js';
import { bindStatement, type Statement } from '../../dialect/run/statement.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { hasMaskParameters, MaskKeys } from './mask-keys.js';

/** The mask keys of a data source, set by `useMaskKey()`. */
export const maskKeys = new StateSlot<MaskKeys>('mask-keys');

/** A column with its mask and keys; undefined for a column that is not masked. */
export function maskedColumn(
  dataSource: DataSource,
  { source, mask }: { readonly source: ColumnMetadata; readonly mask: Mask | undefined },
): MaskedColumn | undefined {
  if (!mask) return undefined;
  return { source, mask, keys: typeof mask === 'function' ? [] : keysOf(dataSource).of(source) };
}

/**
 * Runs a statement that may have parameters made from mask keys.
 *
 * @param run runs the statement with the parameters' values, as the next one on the query runner's connection and in
 *   the same transaction
 */
export async function runMasked<T>(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  statement: Statement,
  values: Readonly<Record<string, unknown>>,
  run: (bound: unknown[]) => Promise<T>,
): Promise<T> {
  const dialect = dialectOf(dataSource);
  if (dialect.masks.provideDigest && statement.text.includes('audit_digest('))
    dialect.masks.provideDigest((number, value) => keysOf(dataSource).digest(number, value));
  if (!hasMaskParameters(statement.parameters)) return run(bindStatement(statement, values));
  const pad = await dialect.masks.makePad!(queryRunner);
  const keys = keysOf(dataSource).parameters(statement.parameters, pad);
  try {
    return await run(bindStatement(statement, { ...values, ...keys }));
  } finally {
    dialect.masks.forgetPad?.(queryRunner);
  }
}

function keysOf(dataSource: DataSource): MaskKeys {
  return maskKeys.of(dataSource)!;
}
