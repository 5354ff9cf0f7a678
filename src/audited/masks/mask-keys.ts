import { createHmac, hkdfSync } from 'node:crypto';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type DigestFunction, type DigestKey } from '../../dialect/masks/digest-key.js';
import { HMAC_DIGITS, HMAC_PADS, KEY_ID_DIGITS } from '../../dialect/masks/mask.js';

const KEY_BYTES = 32;
const SCOPE = 'nestjs-typeorm-audit';

interface Derived {
  readonly id: string;
  readonly key: Buffer;
}

/**
 * The mask keys of a data source. Each table and column has keys of its own, derived with HKDF-SHA-256 from the
 * application's keys. The application's keys never leave this object.
 */
export class MaskKeys {
  private readonly derived: Derived[] = [];
  private readonly known = new Map<ColumnMetadata, readonly DigestKey[]>();

  /** @param secrets the application's keys, the current one first */
  constructor(private readonly secrets: readonly string[]) {}

  /** The keys of a column, the current one first. */
  of(column: ColumnMetadata): readonly DigestKey[] {
    let keys = this.known.get(column);
    if (!keys) this.known.set(column, (keys = this.secrets.map((secret) => this.derive(secret, column))));
    return keys;
  }

  /** The statement's parameters that are made from keys, in hexadecimal digits, each blinded by the pad. */
  parameters(names: readonly string[], pad: Buffer): Record<string, string> {
    const values: Record<string, string> = {};
    for (const name of names) {
      const [, half, number] = PARAMETER.exec(name) ?? [];
      if (number === undefined) continue;
      const { key } = this.derived[Number(number)];
      const block = HMAC_PADS[half.toLowerCase() as keyof typeof HMAC_PADS];
      values[name] = Buffer.from(key.map((byte, n) => byte ^ block ^ pad[n])).toString('hex');
    }
    return values;
  }

  /** The digest function, for databases that can't hash. */
  readonly digest: DigestFunction = (number, value) => {
    if (value === null) return null;
    const { id, key } = this.derived[number];
    return id + createHmac('sha256', key).update(value).digest('hex').slice(0, HMAC_DIGITS);
  };

  private derive(secret: string, { entityMetadata, databaseName }: ColumnMetadata): DigestKey {
    const id = hkdf(secret, ['id'], KEY_ID_DIGITS / 2).toString('hex');
    const key = hkdf(secret, ['column', entityMetadata.tableName, databaseName], KEY_BYTES);
    const number = this.derived.push({ id, key }) - 1;
    return { id, number, inner: `{{maskInner${number}}}`, outer: `{{maskOuter${number}}}` };
  }
}

const PARAMETER = /^mask(Inner|Outer)(\d+)$/;

/** Whether a statement has parameters that are made from keys. */
export function hasMaskParameters(names: readonly string[]): boolean {
  return names.some((name) => PARAMETER.test(name));
}

function hkdf(secret: string, info: readonly string[], bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', JSON.stringify([SCOPE, ...info]), bytes));
}
