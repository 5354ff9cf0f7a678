import { type DataSource } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { assertOptions, type OptionNames } from '../../option-names.js';
import { UUID } from '../arguments/checks.js';
import { type Reading } from '../revisions/reading.js';
import { type DescribeOptions } from '../types/describe.js';
import { type Revision } from '../types/revision.js';
import { type ActorLabels } from './actor-labels.js';
import { type Later, phrasesOf, type Speech } from './phrases.js';
import { headOf } from './sentence-head.js';
import { Snapshots } from './snapshots.js';
import { type Language, ValueTexts } from './value-text.js';
import { type WordsByLocale, wordsOf } from './words.js';
import { readWrittenWith, type WrittenWith } from './written-with.js';

const OPTIONS: OptionNames<DescribeOptions> = { locale: true, timeZone: true };

/** What the sentences of a history are made with. */
export interface WordSources {
  readonly actors: ActorLabels;
  readonly words: WordsByLocale | undefined;
}

/**
 * A sentence for each revision.
 *
 * @throws InvalidArgumentError naming the argument: 'revision', 'options', 'locale', 'timeZone'
 * @throws LabelError
 */
export async function describe(
  reading: Reading,
  { actors, words }: WordSources,
  revisions: readonly Revision<any>[],
  options: DescribeOptions,
): Promise<string[]> {
  assertOptions('options', options, OPTIONS);
  const { dataSource } = reading;
  const language = languageOf(options, words);
  const plans = revisions.map((revision) => planOf(dataSource, revision));
  const written = await readWritten(reading, plans, revisions);
  const names = await actors.of(revisions.map(({ actor }) => actor));
  const speech: Speech = {
    dataSource,
    language,
    texts: new ValueTexts(dataSource, language),
    snapshots: new Snapshots(reading),
  };
  const sentences = revisions.map((revision, n) => {
    const actor = revision.actor === null ? language.words.nobody : names.get(revision.actor)!;
    return sentenceOf(speech, plans[n], revision, written.get(revision.id)!, actor);
  });
  await speech.snapshots.read();
  return sentences.map((sentence) => sentence());
}

function sentenceOf(
  speech: Speech,
  plan: AuditPlan,
  revision: Revision<any>,
  written: WrittenWith,
  actor: string,
): Later {
  const { head, reason } = headOf(speech, plan, revision, written, actor);
  // A deleted row has lost all values: that they are gone says the sentence.
  const phrases = revision.isDelete ? [] : phrasesOf(speech, plan, revision, written.created);
  return () => {
    const list = phrases.map((phrase) => phrase()).join(', ');
    return `${head()}${list === '' ? '' : `: ${list}`}${reason === null ? '' : ` (${reason})`}`;
  };
}

async function readWritten(
  reading: Reading,
  plans: readonly AuditPlan[],
  revisions: readonly Revision<any>[],
): Promise<Map<string, WrittenWith>> {
  const written = new Map<string, WrittenWith>();
  for (const plan of new Set(plans)) {
    const own = revisions.filter((_, n) => plans[n] === plan);
    for (const [id, each] of await readWrittenWith(reading, plan, own)) written.set(id, each);
  }
  return written;
}

function planOf(dataSource: DataSource, revision: Revision | null | undefined): AuditPlan {
  if (typeof revision !== 'object' || revision === null || !UUID.test(String(revision.id)))
    throw new InvalidArgumentError(
      'revision',
      `must be a revision or an array of revisions, got ${revision && typeof revision === 'object' ? 'an object without the id of a revision' : String(revision)}.`,
    );
  const [plan, other] = auditPlansOf(dataSource).all.filter(({ name }) => name === revision.entity);
  if (plan && !other) return plan;
  throw new InvalidArgumentError(
    'revision',
    plan
      ? `must tell its entity, but several are audited as "${revision.entity}". Give them names of their own by @Audited({ name }).`
      : `must be of an audited entity of this data source, got one of "${revision.entity}".`,
  );
}

function languageOf(
  { locale = 'en', timeZone }: DescribeOptions,
  words: WordsByLocale | undefined,
): Language {
  const tag = valid('locale', locale, "a language tag such as 'de' or 'en-GB'", () =>
    Intl.getCanonicalLocales(locale).join(),
  );
  valid('timeZone', timeZone, "the name of a time zone such as 'Europe/Berlin'", () => {
    if (timeZone !== undefined) new Intl.DateTimeFormat('en', { timeZone });
  });
  return { locale: tag, timeZone, words: wordsOf(tag, words) };
}

function valid<T>(argument: string, value: unknown, expected: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    const refusal = new InvalidArgumentError(argument, `must be ${expected}, got ${JSON.stringify(value)}.`);
    throw Object.assign(refusal, { cause: error });
  }
}
