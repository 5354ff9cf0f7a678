import { type DataSource } from 'typeorm';
import { type PlanColumn } from '../../audited/audit-plan.js';
import { hasDay, isMoment, isNumeric } from '../../dialect/types/type-names.js';
import { filled, type Words } from './words.js';

const MAX_LENGTH = 60;

/** A language, its words, and the time zone of moments. */
export interface Language {
  readonly locale: string;
  readonly timeZone: string | undefined;
  readonly words: Words;
}

/** The values of properties as text in one language. */
export class ValueTexts {
  private readonly moments: Intl.DateTimeFormat;
  private readonly days: Intl.DateTimeFormat;

  constructor(
    private readonly dataSource: DataSource,
    private readonly language: Language,
  ) {
    const { locale, timeZone } = language;
    this.moments = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone });
    this.days = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  }

  /** @param column undefined for a value whose column isn't known */
  of(value: unknown, column?: PlanColumn): string {
    const { words } = this.language;
    if (value === null || value === undefined) return words.none;
    if (typeof value === 'boolean') return value ? words.yes : words.no;
    if (typeof value === 'number' || typeof value === 'bigint') return this.number(value, column);
    if (typeof value === 'string') return this.string(value, column);
    if (value instanceof Date) return this.moment(value);
    if (value instanceof Uint8Array) return filled(words.bytes, { count: this.number(value.length) });
    return cut(ownText(value) ?? JSON.stringify(value));
  }

  moment(date: Date): string {
    return Number.isNaN(date.getTime()) ? String(date) : this.moments.format(date);
  }

  /** @param column its scale is the least number of digits behind the point */
  number(value: number | bigint | string, column?: PlanColumn): string {
    const text = String(value);
    if (!/^-?\d+(\.\d+)?$/.test(text)) return text;
    // Four digits may be a year.
    const options = { useGrouping: 'min2', maximumFractionDigits: 20 } as Intl.NumberFormatOptions;
    const [, digits = ''] = text.split('.');
    const format = new Intl.NumberFormat(this.language.locale, {
      ...options,
      minimumFractionDigits: Math.min(Math.max(digits.length, column?.source.scale ?? 0), 20),
    });
    // As text a decimal keeps all of its digits.
    return format.format(text as unknown as number);
  }

  private string(value: string, column: PlanColumn | undefined): string {
    const type = column ? this.dataSource.driver.normalizeType(column.source) : '';
    // Drivers give decimals and bigints as text, and days without a time.
    if (column && !column.source.transformer && isNumeric(type)) return this.number(value, column);
    if (hasDay(type) && !isMoment(type) && /^\d{4}-\d\d-\d\d$/.test(value))
      return this.days.format(new Date(`${value}T00:00:00Z`));
    return cut(value) || '""';
  }
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length > MAX_LENGTH ? `${characters.slice(0, MAX_LENGTH - 1).join('')}…` : line;
}

// A transformer may make objects of a class, such as an amount of money.
function ownText(value: object): string | undefined {
  const { toString } = value as { toString: () => string };
  return Array.isArray(value) || toString === Object.prototype.toString ? undefined : toString.call(value);
}
