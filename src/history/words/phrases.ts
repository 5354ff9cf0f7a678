import { type DataSource } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Change } from '../types/change.js';
import { type Revision } from '../types/revision.js';
import { columnAt, keyWords, labelIn, propertyNoun, valueAt } from './entity-label.js';
import { keyOfTarget, type Reference, referencesOf } from './references.js';
import { type AskedAt, type Snapshots } from './snapshots.js';
import { type Language, type ValueTexts } from './value-text.js';
import { filled } from './words.js';

/** A text that is known when the snapshots that it needs are read. */
export type Later = () => string;

/** What the phrases of one call share. */
export interface Speech {
  readonly dataSource: DataSource;
  readonly language: Language;
  readonly texts: ValueTexts;
  readonly snapshots: Snapshots;
}

/** A sentence lists at most this many changes. */
const MAX_CHANGES = 10;

/** The changes of a revision, as a sentence lists them. Join columns are one phrase, with what they refer to. */
export function phrasesOf(
  speech: Speech,
  plan: AuditPlan,
  revision: Revision<any>,
  created: number,
): Later[] {
  const references = referencesOf(speech.dataSource, plan);
  const left = new Map(revision.changes.map((change) => [change.property, change]));
  const phrases: Later[] = [];
  for (const change of [...left.values()]) {
    if (!left.has(change.property) || isTold(plan, change, revision)) continue;
    const reference = references.find(({ columns }) =>
      columns.some(({ propertyPath }) => propertyPath === change.property),
    );
    for (const { propertyPath } of reference?.columns ?? []) left.delete(propertyPath);
    const phrase = reference
      ? referencePhrase(speech, plan, reference, revision, created)
      : () => changePhrase(speech, plan, change, revision);
    phrases.push(phrase);
  }
  if (phrases.length <= MAX_CHANGES) return phrases;
  const { texts, language } = speech;
  const count = texts.number(phrases.length - MAX_CHANGES);
  return [...phrases.slice(0, MAX_CHANGES), () => filled(language.words.more, { count })];
}

/** What a reference's columns refer to: its label, or else its key. */
export function referenceText(
  { dataSource, snapshots, texts, language }: Speech,
  reference: Reference,
  values: readonly unknown[],
  at: AskedAt,
): Later {
  const { target } = reference;
  if (values.some((value) => value === null || value === undefined)) return () => language.words.none;
  const key = (): string => keyWords(values);
  if (target?.label === undefined) return key;
  const asked = snapshots.ask(target, keyOfTarget(dataSource, reference, values), at);
  return () => labelIn(target, asked.snapshot, texts) ?? key();
}

// The sentence itself says that a row came, was changed or went to the bin.
function isTold(plan: AuditPlan, { property }: Change, { operation }: Revision): boolean {
  const column = columnAt(plan, property);
  if (!column) return false;
  const { isCreateDate, isUpdateDate, isDeleteDate, isVersion, isVirtual, relationMetadata } = column.source;
  const isOwn = isVirtual && !relationMetadata;
  return (
    isCreateDate ||
    isUpdateDate ||
    isDeleteDate ||
    isVersion ||
    isOwn ||
    (operation === 'insert' && !!column.mask)
  );
}

function referencePhrase(
  speech: Speech,
  plan: AuditPlan,
  reference: Reference,
  { changes, snapshot, operation, transaction }: Revision<any>,
  created: number,
): Later {
  const side = (name: 'from' | 'to'): unknown[] =>
    reference.columns.map(({ propertyPath }) => {
      const change = changes.find(({ property }) => property === propertyPath);
      return change ? change[name] : valueAt(snapshot, propertyPath);
    });
  const to = referenceText(speech, reference, side('to'), { created, transaction, side: 'after' });
  const property = propertyNoun(plan, reference.property, speech.language.words);
  if (operation === 'insert') return () => `${property} ${to()}`;
  const from = referenceText(speech, reference, side('from'), { created, transaction, side: 'before' });
  return () => comparison(speech, property, from(), to());
}

function changePhrase(speech: Speech, plan: AuditPlan, change: Change, { operation }: Revision): string {
  const { texts, language } = speech;
  const column = columnAt(plan, change.property);
  const relation = column?.source.isVirtual ? column.source.relationMetadata : undefined;
  const property = propertyNoun(plan, relation?.propertyPath ?? change.property, language.words);
  const words = language.words.values[plan.name]?.[change.property] ?? {};
  const text = (value: unknown): string => words[String(value)] ?? texts.of(value, column);
  if (operation === 'insert') return `${property} ${text(change.to)}`;
  if (column?.mask) return filled(language.words.changed, { property });
  return comparison(speech, property, text(change.from), text(change.to));
}

// Cut texts may be equal.
function comparison({ language: { words } }: Speech, property: string, from: string, to: string): string {
  return from === to ? filled(words.changed, { property }) : filled(words.change, { property, from, to });
}
