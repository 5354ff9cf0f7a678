import { type DataSource, type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Dialect } from '../../dialect/dialect.js';
import { bindStatement, compileStatement } from '../../dialect/run/statement.js';
import { type AuditEvent } from '../../revision/audit-event.js';
import { newId, now } from '../../revision/clock.js';
import { insertOwn } from '../../revision/insert-own.js';
import { type Unit } from '../unit/unit.js';
import { storedJson, storedText } from './context-columns.js';

/** What an event says beside who did it. */
export type EventToInsert = Pick<AuditEvent, 'action'> &
  Partial<Pick<AuditEvent, 'outcome' | 'entity' | 'target' | 'details'>>;

/**
 * Inserts events into `audit_event`, by one statement.
 *
 * @param table the metadata of `audit_event`
 * @param events one or more
 * @throws AuditContextError when a column can't store a text
 */
export async function insertEvents(
  { dataSource, dialect }: { readonly dataSource: DataSource; readonly dialect: Dialect },
  table: EntityMetadata,
  { queryRunner, revTransaction }: Pick<Unit, 'queryRunner' | 'revTransaction'>,
  events: readonly EventToInsert[],
  { actor, onBehalf, request }: WriteContext,
): Promise<void> {
  const column = (property: keyof AuditEvent): ColumnMetadata => table.findColumnWithPropertyName(property)!;
  const text = (property: keyof AuditEvent, value: string | null): Promise<unknown> =>
    storedText(dialect, queryRunner, column(property), value, `${property} of an event`);
  const who = {
    actor: await text('actor', actor),
    onBehalf: await text('onBehalf', onBehalf),
    request: await text('request', request),
  };
  const rows: Record<string, unknown>[] = [];
  for (const { action, outcome = null, entity = null, target = null, details = null } of events)
    rows.push({
      id: newId(),
      transaction: revTransaction,
      created: now(),
      ...who,
      action: await text('action', action),
      outcome: await text('outcome', outcome),
      entity: await text('entity', entity),
      target: await text('target', target),
      details: await storedJson(dialect, queryRunner, column('details'), details),
    });
  const { template, values } = insertOwn(dataSource, table, rows);
  const statement = compileStatement(dialect, template, rows.length === 1);
  await dialect.run.execute(queryRunner, statement, bindStatement(statement, values));
}
