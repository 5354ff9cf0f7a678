import { AuditConfigurationError } from '../../audit.errors.js';
import { type AuditOperation } from '../../revision/revision-columns.js';

/** The sentences and words of `history.describe()` in one language. `{name}` stands for what is put in. */
export interface Words extends Record<AuditOperation, string> {
  /** A restore to a version. The operation `restore` is the end of a soft delete. */
  restored: string;
  /** A restore to a moment. */
  restoredTo: string;
  /** A restore of some properties to a version, and to a moment. The changes name the properties. */
  restoredPart: string;
  restoredPartTo: string;
  /** A new and a removed link of a many-to-many relation. */
  linked: string;
  unlinked: string;
  /** Stands behind a sentence, for what `history.undo()` wrote. */
  undo: string;
  /** Who writes without an actor. */
  nobody: string;
  /** One change. */
  change: string;
  /** One change whose values are masked, or can't be told apart in short. */
  changed: string;
  /** Changes beyond the tenth. */
  more: string;
  none: string;
  yes: string;
  no: string;
  /** A value of bytes. */
  bytes: string;
  /** Entities, by audited name. By default the words of the class name. */
  entities: Readonly<Record<string, string>>;
  /** Properties and relations, by audited name and path. By default the words of the path. */
  properties: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Values such as those of an enum, by audited name, path and value. */
  values: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
  /** Sentences for actions, by action and audited name. They take the place of the operation's sentence. */
  actions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The words of several languages, by language tag. Those left out are English. */
export type WordsByLocale = Readonly<Record<string, Partial<Words>>>;

const ENGLISH: Words = {
  insert: '{actor} created {entity}',
  update: '{actor} changed {entity}',
  delete: '{actor} deleted {entity}',
  'soft-delete': '{actor} moved {entity} to the bin',
  restore: '{actor} took {entity} out of the bin',
  baseline: 'The history of {entity} begins here',
  restored: '{actor} restored {entity} to version {version}',
  restoredTo: '{actor} restored {entity} to how it was on {moment}',
  restoredPart: '{actor} restored a part of {entity} to version {version}',
  restoredPartTo: '{actor} restored a part of {entity} to how it was on {moment}',
  linked: '{actor} added {other} to {property} of {entity}',
  unlinked: '{actor} removed {other} from {property} of {entity}',
  undo: 'undo',
  nobody: 'Somebody',
  change: '{property} {from} → {to}',
  changed: '{property} changed',
  more: '{count} more',
  none: 'none',
  yes: 'yes',
  no: 'no',
  bytes: '{count} bytes',
  entities: {},
  properties: {},
  values: {},
  actions: {},
};

/** What the templates of a language may have in braces. */
const PLACES = ['actor', 'entity', 'version', 'moment', 'other', 'property', 'from', 'to', 'count'];

/** The number of objects around the texts. */
const DEPTHS: Partial<Record<keyof Words, number>> = { entities: 1, properties: 2, actions: 2, values: 3 };

/** The words of a locale: its own, or else its language's, and English in place of those left out. */
export function wordsOf(locale: string, given: WordsByLocale = {}): Words {
  const own = given[locale] ?? given[new Intl.Locale(locale).language] ?? given.en;
  return { ...ENGLISH, ...own };
}

/** A template with its places filled. @example filled('{actor} left', { actor: 'Ann' }) // → 'Ann left' */
export function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}

/**
 * The words of a name or path in code.
 *
 * @example inWords('totalAmount') // → 'total amount'
 * @example inWords('address.city') // → 'address city'
 */
export function inWords(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase();
}

/** @throws AuditConfigurationError naming the entry of the option `words` that is wrong, and the remedy */
export function assertWords(given: WordsByLocale = {}): void {
  for (const [locale, words] of Object.entries(given)) {
    assertLocale(locale);
    for (const [name, value] of Object.entries(words ?? {})) {
      if (!Object.hasOwn(ENGLISH, name))
        throw new AuditConfigurationError(
          `The audit option words.${locale}.${name} is unknown. Known are ${Object.keys(ENGLISH).join(', ')}.`,
        );
      assertTexts(`words.${locale}.${name}`, value, DEPTHS[name as keyof Words] ?? 0);
    }
  }
}

function assertLocale(locale: string): void {
  try {
    Intl.getCanonicalLocales(locale);
  } catch (error) {
    throw new AuditConfigurationError(
      `The audit option words must have language tags such as 'de' as its keys, got '${locale}'.`,
      { cause: error },
    );
  }
}

function assertTexts(path: string, value: unknown, depth: number): void {
  if (depth === 0) return assertText(path, value);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AuditConfigurationError(
      `The audit option ${path} must be an object of names, got ${JSON.stringify(value)}. Leave it out for the default.`,
    );
  for (const [name, inner] of Object.entries(value)) assertTexts(`${path}.${name}`, inner, depth - 1);
}

function assertText(path: string, value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '')
    throw new AuditConfigurationError(
      `The audit option ${path} must be a string of words, got ${JSON.stringify(value)}. Leave it out for English.`,
    );
  const unknown = [...value.matchAll(/\{(\w+)\}/g)]
    .map(([, name]) => name)
    .find((name) => !PLACES.includes(name));
  if (unknown !== undefined)
    throw new AuditConfigurationError(
      `The audit option ${path} has {${unknown}}, which stands for nothing. Known are ${PLACES.map((name) => `{${name}}`).join(', ')}.`,
    );
}
