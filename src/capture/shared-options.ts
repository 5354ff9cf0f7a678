import { isDeepStrictEqual } from 'node:util';
import { AuditConfigurationError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { type AuditContext } from '../context/audit-context.js';
import { currentApplication } from '../context/request-context.js';

/** One AuditModule or one `attachAudit()` of a data source. */
interface Attachment {
  readonly options: AuditOptions;
  /** All modules of an application have the same. */
  readonly context: AuditContext;
}

const AGREED = [
  'requireActor',
  'requireReason',
  'skips',
  'maskKey',
  'checkTables',
  'preparedStatements',
] as const;

/**
 * The options of all attachments of one data source.
 *
 * `actor`, `context`, `onBehalf` and `requestId` are functions of a request: the application that handles the request is asked, and of several
 * modules in it the first that gives the option. `requireActor`, `requireReason`, `skips`,
 * `maskKey`, `checkTables` and `preparedStatements` are about the data source, so there is one of each.
 */
export class SharedOptions implements AuditOptions {
  private readonly attachments: Attachment[] = [];

  get actor(): AuditOptions['actor'] {
    return firstOf(this.attachmentsOfApplication(), 'actor');
  }

  get context(): AuditOptions['context'] {
    return firstOf(this.attachmentsOfApplication(), 'context');
  }

  get onBehalf(): AuditOptions['onBehalf'] {
    return firstOf(this.attachmentsOfApplication(), 'onBehalf');
  }

  get requestId(): AuditOptions['requestId'] {
    return firstOf(this.attachmentsOfApplication(), 'requestId');
  }

  get defaultActor(): AuditOptions['defaultActor'] {
    return firstOf(this.attachmentsOfApplication(), 'defaultActor');
  }

  get maxContextBytes(): number | undefined {
    return firstOf(this.attachmentsOfApplication(), 'maxContextBytes');
  }

  get requireActor(): boolean | undefined {
    return firstOf(this.attachments, 'requireActor');
  }

  get requireReason(): boolean | undefined {
    return firstOf(this.attachments, 'requireReason');
  }

  get skips(): AuditOptions['skips'] {
    return firstOf(this.attachments, 'skips');
  }

  get maskKey(): AuditOptions['maskKey'] {
    return firstOf(this.attachments, 'maskKey');
  }

  get preparedStatements(): AuditOptions['preparedStatements'] {
    return firstOf(this.attachments, 'preparedStatements');
  }

  get checkTables(): AuditOptions['checkTables'] {
    return firstOf(this.attachments, 'checkTables');
  }

  /**
   * Adds an attachment.
   *
   * @returns what removes it, and says whether no other is left; false when it was removed before
   * @throws AuditConfigurationError naming the option that another attachment has given otherwise
   */
  add(options: AuditOptions, context: AuditContext): () => boolean {
    for (const option of AGREED) this.assertAgreed(option, options);
    const attachment: Attachment = { options, context };
    this.attachments.push(attachment);
    return () => {
      const at = this.attachments.indexOf(attachment);
      if (at < 0) return false;
      this.attachments.splice(at, 1);
      return this.attachments.length === 0;
    };
  }

  private assertAgreed(option: (typeof AGREED)[number], given: AuditOptions): void {
    const agreed = this[option];
    // The message doesn't have the values: one may be a secret.
    if (agreed !== undefined && given[option] !== undefined && !isDeepStrictEqual(given[option], agreed))
      throw new AuditConfigurationError(
        `The data source is audited already, with another ${option}. Give the same ${option} to every AuditModule and ` +
          `attachAudit() of the data source, or leave it out in all but one.`,
      );
  }

  private attachmentsOfApplication(): readonly Attachment[] {
    const application = currentApplication();
    const own = this.attachments.filter(({ context }) => context === application);
    return own.length > 0 ? own : this.attachments;
  }
}

function firstOf<K extends keyof AuditOptions>(
  attachments: readonly Attachment[],
  option: K,
): AuditOptions[K] {
  return attachments.find(({ options }) => options[option] !== undefined)?.options[option];
}
