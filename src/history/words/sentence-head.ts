import { type AuditPlan } from '../../audited/audit-plan.js';
import { keyOf } from '../arguments/key-of.js';
import { type Revision } from '../types/revision.js';
import { keyWords, labelIn, nounOf, propertyNoun, valueAt } from './entity-label.js';
import { type Later, referenceText, type Speech } from './phrases.js';
import { junctionOf, type Reference } from './references.js';
import { filled, inWords } from './words.js';
import { type WrittenWith } from './written-with.js';

/** The beginning of a sentence, and the reason at its end. */
export interface Head {
  /** 'Ann cancelled order 17' */
  readonly head: Later;
  /** Null if the beginning says it, or there is none. */
  readonly reason: string | null;
}

/** Who did what to which entity. */
export function headOf(
  speech: Speech,
  plan: AuditPlan,
  revision: Revision<any>,
  { created, action }: WrittenWith,
  actor: string,
): Head {
  const { words } = speech.language;
  const { operation, reason, isDelete } = revision;
  const link = operation === 'insert' || isDelete ? linkOf(speech, plan, revision, created) : undefined;
  const own = ownReason(reason);
  const ofAction = action === null ? undefined : words.actions[action]?.[plan.name];
  const template = link
    ? words[isDelete ? 'unlinked' : 'linked']
    : own?.version !== undefined
      ? words[own.isPart ? 'restoredPart' : 'restored']
      : own?.moment
        ? words[own.isPart ? 'restoredPartTo' : 'restoredTo']
        : (ofAction ?? words[operation]);
  const behind = [
    ...(action !== null && template !== ofAction ? [action] : []),
    ...(own?.isUndo ? [words.undo] : []),
  ];
  const entity = link?.entity ?? nameOfRow(speech, plan, revision, created);
  const head = (): string =>
    [
      filled(template, {
        actor,
        entity: entity(),
        version: own?.version ?? '',
        moment: own?.moment ? speech.texts.moment(own.moment) : '',
        other: link?.other() ?? '',
        property: link?.property ?? '',
      }),
      ...behind.map((text) => `(${text})`),
    ].join(' ');
  return { head, reason: own ? null : reason };
}

interface Link {
  readonly entity: Later;
  readonly other: Later;
  readonly property: string;
}

/** What a row of a junction table links. */
function linkOf(
  speech: Speech,
  plan: AuditPlan,
  { entityId, transaction }: Revision<any>,
  created: number,
): Link | undefined {
  const junction = junctionOf(speech.dataSource, plan);
  if (!junction) return undefined;
  const nameOf = (reference: Reference): Later => {
    const values = reference.columns.map(({ propertyPath }) => valueAt(entityId, propertyPath));
    const text = referenceText(speech, reference, values, { created, transaction, side: 'after' });
    return () => nameFrom(speech, reference, text(), keyWords(values));
  };
  const { owner, other } = junction;
  const { words } = speech.language;
  return {
    entity: nameOf(owner),
    other: nameOf(other),
    property: owner.target ? propertyNoun(owner.target, owner.property, words) : inWords(owner.property),
  };
}

/** The name of a revision's row, as it was then: 'customer Meyer', 'order 17'. */
function nameOfRow(speech: Speech, plan: AuditPlan, revision: Revision<any>, created: number): Later {
  const { dataSource, language, texts, snapshots } = speech;
  const { entityId, snapshot, transaction } = revision;
  const noun = nounOf(plan, language.words);
  const values =
    plan.keys.length === 1
      ? [entityId]
      : plan.keys.map(({ propertyPath }) => valueAt(entityId, propertyPath));
  const asked =
    snapshot || plan.label === undefined
      ? { snapshot: snapshot as object | null }
      : snapshots.ask(plan, keyOf(dataSource, plan, entityId), { created, transaction, side: 'before' });
  return () => {
    const label = labelIn(plan, asked.snapshot, texts);
    return typeof plan.label === 'function' && label !== undefined
      ? label
      : `${noun} ${label ?? keyWords(values)}`;
  };
}

// A label that a function makes is a whole name.
function nameFrom({ language }: Speech, { target, entity }: Reference, text: string, key: string): string {
  if (typeof target?.label === 'function' && text !== key) return text;
  return `${target ? nounOf(target, language.words) : inWords(entity.name)} ${text}`;
}

interface OwnReason {
  readonly version?: string;
  readonly moment?: Date;
  /** Whether only some properties were restored. */
  readonly isPart?: boolean;
  readonly isUndo?: boolean;
}

// `restoreReason()` makes it: some properties, if not all, and a version or a moment.
const RESTORE =
  /^restore of (?:(\d+ properties|[^\s,]+(?:, [^\s,]+)*) of )?(?:version (\d+)|(\d{4}-\d\d-\d\dT[\d:.]+Z))$/;

/** What a reason of this library says; undefined for a reason of the application. */
function ownReason(reason: string | null): OwnReason | undefined {
  const [, properties, version, moment] = RESTORE.exec(reason ?? '') ?? [];
  const isPart = properties !== undefined;
  if (version !== undefined) return { version, isPart };
  if (moment !== undefined) return { moment: new Date(moment), isPart };
  return /^undo of [\da-f-]{36}$/.test(reason ?? '') ? { isUndo: true } : undefined;
}
