import { type DataSource, type EntityTarget } from 'typeorm';
import { type AttachedAudit } from '../attach-audit.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { parseId } from '../history/arguments/parse-id.js';
import { type MaintenanceProgress, type MaintenanceWriteOptions } from '../maintenance/maintenance.types.js';
import { timelineText, verifyText } from './report-text.js';
import { UsageError } from './usage-error.js';
import { OutcomeText } from './outcome-text.js';

export interface Arguments {
  readonly [name: string]: string | boolean | undefined;
}

/** The input of a command. */
export interface Invocation {
  readonly dataSource: DataSource;
  readonly audit: AttachedAudit;
  readonly options: Arguments;
  readonly onProgress: ((progress: MaintenanceProgress) => void) | undefined;
}

/** The result of a command, for `--json` and for people, and whether all is well. */
export interface Outcome {
  readonly json: unknown;
  readonly text: string;
  readonly ok: boolean;
}

export interface Command {
  readonly summary: string;
  readonly example: string;
  /** The command's own options, beside `COMMON`; `required` names the ones that it needs. */
  readonly options: readonly string[];
  readonly required: readonly string[];
  run(invocation: Invocation): Promise<Outcome>;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  verify: {
    summary:
      'Compares rows with their newest revisions, and looks for holes in the history. Changes nothing.',
    example: 'nestjs-typeorm-audit verify --data-source ./data-source.js --json',
    options: ['entity', 'limit', 'batch-size', 'time-budget', 'from'],
    required: [],
    async run({ dataSource, audit, options, onProgress }) {
      const limit = numberOf(options, 'limit');
      const settings = {
        ...withoutUndefined({
          limit,
          batchSize: numberOf(options, 'batch-size'),
          timeBudgetSeconds: numberOf(options, 'time-budget'),
          from: textOf(options, 'from'),
        }),
        onProgress,
      };
      const report = await audit.maintenance.verify(entityOf(dataSource, options), settings);
      return { json: report, text: verifyText(report), ok: report.ok };
    },
  },
  backfill: {
    summary: 'Gives rows that have no history their first revision, a baseline.',
    example:
      'nestjs-typeorm-audit backfill --data-source ./data-source.js --entity reservation --reason "go-live"',
    options: [
      'entity',
      'batch-size',
      'tables-at-once',
      'rows-per-second',
      'max-replica-lag',
      'max-transaction-age',
      'dry-run',
    ],
    required: [],
    async run(invocation) {
      const { dataSource, audit, options } = invocation;
      const limits = withoutUndefined({
        tablesAtOnce: numberOf(options, 'tables-at-once'),
        rowsPerSecond: numberOf(options, 'rows-per-second'),
        maxReplicaLagSeconds: numberOf(options, 'max-replica-lag'),
        maxTransactionAgeSeconds: numberOf(options, 'max-transaction-age'),
      });
      const settings = { ...limits, ...writeOptions(invocation) };
      const results = await audit.maintenance.backfill(entityOf(dataSource, options), settings);
      return success(results, new OutcomeText(settings.dryRun).backfill(results));
    },
  },
  reconcile: {
    summary: 'Writes the revisions that verify finds missing, stale or surplus.',
    example: 'nestjs-typeorm-audit reconcile --data-source ./data-source.js --dry-run',
    options: ['entity', 'batch-size', 'dry-run'],
    required: [],
    async run(invocation) {
      const { dataSource, audit, options } = invocation;
      const settings = writeOptions(invocation);
      const results = await audit.maintenance.reconcile(entityOf(dataSource, options), settings);
      return success(results, new OutcomeText(settings.dryRun).reconcile(results));
    },
  },
  prune: {
    summary:
      'Removes old revisions: all but the newest --keep, or what was over by --older-than, or what both let go.',
    example:
      'nestjs-typeorm-audit prune --data-source ./data-source.js --entity reservation --older-than 730d --keep 10',
    options: ['entity', 'keep', 'older-than', 'batch-size', 'dry-run'],
    required: ['entity'],
    async run(invocation) {
      const { dataSource, audit, options } = invocation;
      const rule = withoutUndefined({
        keep: numberOf(options, 'keep'),
        olderThan: momentOf(options, 'older-than'),
      });
      const settings = { ...rule, ...writeOptions(invocation) };
      const results = await audit.maintenance.prune(entityOf(dataSource, options)!, settings);
      return success(results, new OutcomeText(settings.dryRun).prune(results));
    },
  },
  erase: {
    summary: 'Erases columns of one entity from its history, or without --columns its whole history.',
    example:
      'nestjs-typeorm-audit erase --data-source ./data-source.js --entity guest --id 7 --columns name,email --reason "request 12"',
    options: ['entity', 'id', 'columns', 'batch-size', 'dry-run'],
    required: ['entity', 'id'],
    async run(invocation) {
      const { dataSource, audit, options } = invocation;
      const columns = textOf(options, 'columns')?.split(',');
      const settings = { ...withoutUndefined({ columns }), ...writeOptions(invocation) };
      const entity = entityOf(dataSource, options)!;
      const result = await audit.maintenance.erase(entity, idOf(dataSource, options), settings);
      return success(result, new OutcomeText(settings.dryRun).erase(result));
    },
  },
  timeline: {
    summary: 'Shows the revisions of one entity, newest first.',
    example:
      'nestjs-typeorm-audit timeline --data-source ./data-source.js --entity reservation --id 1 --limit 20',
    options: ['entity', 'id', 'limit', 'cursor'],
    required: ['entity', 'id'],
    async run({ dataSource, audit, options }) {
      const entity = entityOf(dataSource, options)!;
      const settings = withoutUndefined({
        limit: numberOf(options, 'limit'),
        cursor: textOf(options, 'cursor'),
      });
      const page = await audit.history.timeline(entity, idOf(dataSource, options), settings);
      return { json: page, text: timelineText(page), ok: true };
    },
  },
};

function success(json: object, text: string): Outcome {
  return { json, text, ok: true };
}

function writeOptions({ options, onProgress }: Invocation): MaintenanceWriteOptions & { dryRun: boolean } {
  return {
    ...withoutUndefined({ batchSize: numberOf(options, 'batch-size') }),
    dryRun: options['dry-run'] === true,
    onProgress,
  };
}

/** The entity of `--entity`: a name of the HTTP API, a class or a table; undefined without the option. */
function entityOf(dataSource: DataSource, options: Arguments): EntityTarget<any> | undefined {
  const name = textOf(options, 'entity');
  return name === undefined ? undefined : planOf(dataSource, name).metadata.target;
}

function planOf(dataSource: DataSource, name: string): ReturnType<typeof auditPlansOf>['entities'][number] {
  const { entities } = auditPlansOf(dataSource);
  const plan = entities.find((plan) =>
    [plan.name, plan.metadata.name, plan.metadata.tablePath].includes(name),
  );
  if (plan) return plan;
  throw new UsageError(
    `--entity must be an audited entity, got "${name}". They are ${entities.map((plan) => plan.name).join(', ')}.`,
  );
}

function idOf(dataSource: DataSource, options: Arguments): object {
  return parseId(textOf(options, 'id')!, dataSource, planOf(dataSource, textOf(options, 'entity')!));
}

function textOf(options: Arguments, name: string): string | undefined {
  return options[name] as string | undefined;
}

function numberOf(options: Arguments, name: string): number | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text))
    throw new UsageError(`--${name} must be an integer of 1 or more, got "${text}".`);
  return Number(text);
}

/** The moment of an option that gives a date or a number of days ago. */
function momentOf(options: Arguments, name: string): Date | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  const days = /^(\d+)d$/.exec(text);
  const moment = days ? new Date(Date.now() - Number(days[1]) * 86_400_000) : new Date(text);
  if (Number.isNaN(moment.getTime()))
    throw new UsageError(
      `--${name} must be a date such as 2024-12-31, or a number of days such as 730d, got "${text}".`,
    );
  return moment;
}

function withoutUndefined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
