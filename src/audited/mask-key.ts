import { type DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { maskParameters } from '../dialect/mask.js';
import { bindStatement, type Statement } from '../dialect/statement.js';
import { auditPlansOf } from './audit-plans.js';

const MIN_LENGTH = 16;
const PARAMETERS = Symbol.for('nestjs-typeorm-audit:mask-parameters');

/** There is no mask key where one is needed, or it is too short: what is wrong, and apart from that the remedy. */
export class MaskKeyError extends AuditConfigurationError {
  constructor(
    readonly problem: string,
    remedy: string,
  ) {
    super(`${problem} ${remedy}`);
  }
}

/** @throws MaskKeyError when the key is too short, or there is none and a masked column needs it */
export function useMaskKey(dataSource: DataSource, key: string | undefined): void {
  if (key !== undefined && key.length < MIN_LENGTH)
    throw new MaskKeyError(
      `The mask key has ${key.length} characters, and a key that short can be guessed.`,
      `Give the audit option maskKey at least ${MIN_LENGTH}.`,
    );
  const needsKey = auditPlansOf(dataSource).all.flatMap(({ metadata, columns }) =>
    columns
      .filter(({ mask }) => mask === 'redact' || mask === 'hash')
      .map(({ propertyPath }) => `${metadata.name}.${propertyPath}`),
  );
  if (needsKey.length > 0 && key === undefined)
    throw new MaskKeyError(
      `${needsKey.join(', ')} ${needsKey.length > 1 ? 'are' : 'is'} masked, which takes a secret key.`,
      `Give the audit option maskKey, of at least ${MIN_LENGTH} characters, from where your other secrets are.`,
    );
  Object.assign(dataSource, { [PARAMETERS]: key === undefined ? {} : maskParameters(key) });
}

/** The values of a statement's parameters, with those of the mask key; what the statement calls is made to be there. */
export function bindMasked(
  dataSource: DataSource,
  statement: Statement,
  values: Readonly<Record<string, unknown>>,
): unknown[] {
  if (!statement.parameters.includes('maskInner')) return bindStatement(statement, values);
  dialectOf(dataSource).provideDigest();
  return bindStatement(statement, { ...values, ...(dataSource as { [PARAMETERS]?: object })[PARAMETERS] });
}
