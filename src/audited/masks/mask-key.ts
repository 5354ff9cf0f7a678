import { type DataSource, type QueryRunner } from 'typeorm';
import { AuditConfigurationError } from '../../audit.errors.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type MaskedColumn } from '../../dialect/masks/mask.js';
import { bindStatement, type Statement } from '../../dialect/run/statement.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { type PlanColumn } from '../audit-plan.js';
import { auditPlansOf } from '../audit-plans.js';
import { hasMaskParameters, MaskKeys } from './mask-keys.js';

const MIN_LENGTH = 16;
const maskKeys = new StateSlot<MaskKeys>('mask-keys');

/** There is no mask key where one is needed, or it is too short: what is wrong, and apart from that the remedy. */
export class MaskKeyError extends AuditConfigurationError {
  constructor(
    readonly problem: string,
    remedy: string,
  ) {
    super(`${problem} ${remedy}`);
  }
}

/** @throws MaskKeyError when a key is too short, or there is none and a masked column needs it */
export function useMaskKey(dataSource: DataSource, key: string | readonly string[] | undefined): void {
  const keys = typeof key === 'string' ? [key] : (key ?? []);
  for (const { length } of keys)
    if (length < MIN_LENGTH)
      throw new MaskKeyError(
        `The mask key must have at least ${MIN_LENGTH} characters, got ${length}: a shorter key can be guessed.`,
        'Give the audit option maskKey a longer key.',
      );
  const needsKey = auditPlansOf(dataSource).all.flatMap(({ metadata, columns }) =>
    columns
      .filter(({ mask }) => mask === 'redact' || mask === 'hash')
      .map(({ propertyPath }) => `${metadata.name}.${propertyPath}`),
  );
  if (needsKey.length > 0 && keys.length === 0)
    throw new MaskKeyError(
      `${needsKey.join(', ')} ${needsKey.length > 1 ? 'are' : 'is'} masked, which needs a secret key.`,
      `Give the audit option maskKey at least ${MIN_LENGTH} characters, from where your other secrets are.`,
    );
  maskKeys.set(dataSource, new MaskKeys(keys));
}

/** A column with its mask and keys; undefined for one that is not masked. */
export function maskedColumn(dataSource: DataSource, { source, mask }: PlanColumn): MaskedColumn | undefined {
  if (!mask) return undefined;
  return { source, mask, keys: typeof mask === 'function' ? [] : keysOf(dataSource).of(source) };
}

/**
 * Runs a statement that may have parameters made from mask keys.
 *
 * @param run runs it with its parameters' values, next on the query runner's connection and in the same transaction
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
