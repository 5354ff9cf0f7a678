import { Logger } from '@nestjs/common';
import { type DataSource, type EntityMetadata } from 'typeorm';
import { AuditConfigurationError } from '../../audit.errors.js';
import { findAuditPlans } from '../../audited/audit-plans.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { isMigrating } from './pending-tables.js';

/** Whether a data source is attached or has had its warning. Kept on the driver, which derived data sources share. */
const known = new StateSlot<true>('attached-or-warned');
const NAMED_TABLES = 10;
const ANSWERS = ['warn', 'throw', 'ignore'] as const;

/** Silences the warning for good: from now on the application decides whether its writes are recorded. */
export function noteAttached({ driver }: DataSource): void {
  known.set(driver, true);
}

/**
 * Warns, once for each data source, that its writes are not recorded because nobody attached it, as in a seeder, a
 * script or a command. Such a data source has no options, so the environment variable AUDIT_UNATTACHED decides: `warn`
 * (the default), `throw` or `ignore`.
 *
 * @param tables the tables that are about to be written
 * @throws AuditConfigurationError with `throw`, each time
 */
export function noteUnattached(dataSource: DataSource, tables: readonly EntityMetadata[]): void {
  if (known.of(dataSource.driver)) return;
  const plans = findAuditPlans(dataSource);
  const table = plans && tables.find((metadata) => plans.find(metadata));
  if (!table) return;
  const answer = unattachedAnswer();
  if (answer === 'ignore') return;
  const audited = plans.all.map(({ metadata }) => metadata.tablePath);
  const more = audited.length - NAMED_TABLES;
  const message =
    `A write to ${table.tablePath} is not recorded, because nobody attached its data source. Call attachAudit(dataSource) ` +
    `behind dataSource.initialize(), or import AuditModule for it. ` +
    (isMigrating(dataSource)
      ? `For migrations that write, attach before dataSource.runMigrations(), or call AuditMaintenance.backfill() behind it. `
      : '') +
    `The audited tables of the data source are ${audited.slice(0, NAMED_TABLES).join(', ')}${more > 0 ? ` and ${more} more` : ''}. `;
  if (answer === 'throw') throw new AuditConfigurationError(`${message}Nothing was written.`);
  known.set(dataSource.driver, true);
  new Logger('AuditModule').warn(
    `${message}AUDIT_UNATTACHED=throw makes this an error, =ignore silences it.`,
  );
}

function unattachedAnswer(): (typeof ANSWERS)[number] {
  const given = process.env.AUDIT_UNATTACHED || 'warn';
  const answer = ANSWERS.find((each) => each === given);
  if (answer) return answer;
  throw new AuditConfigurationError(
    `The environment variable AUDIT_UNATTACHED must be warn, throw or ignore, got "${given}".`,
  );
}
