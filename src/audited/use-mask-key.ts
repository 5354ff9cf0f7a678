import { type DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { auditPlansOf } from './audit-plans.js';
import { maskKeys } from './masks/mask-key.js';
import { MaskKeys } from './masks/mask-keys.js';

const MIN_LENGTH = 16;

/** Thrown when a mask key is missing or too short. `problem` is the message without the remedy. */
export class MaskKeyError extends AuditConfigurationError {
  constructor(
    readonly problem: string,
    remedy: string,
  ) {
    super(`${problem} ${remedy}`);
  }
}

/** @throws MaskKeyError when a key is too short, or when a masked column needs a key and there is none */
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
