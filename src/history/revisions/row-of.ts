import { type DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { keyOf } from '../arguments/key-of.js';
import { type EntityId } from '../types/entity-id.js';
import { classFilter } from './class-filter.js';
import { type Reading } from './reading.js';
import { RowRevisions } from './row-revisions.js';
import { RowsRevisions } from './rows-revisions.js';

/** Several rows of one table: all of them, and each by itself. */
export interface Rows<E extends ObjectLiteral> {
  readonly dataSource: DataSource;
  readonly plan: AuditPlan;
  readonly all: RowsRevisions<E>;
  readonly each: readonly RowRevisions<E>[];
}

/** The revisions of the row with an id. @throws NotAuditedError @throws InvalidArgumentError naming 'id' */
export function rowOf<E extends ObjectLiteral>(
  reading: Reading,
  entity: EntityTarget<E>,
  id: EntityId,
): RowRevisions<E> {
  return rowsOf(reading, entity, [id]).each[0];
}

/** The revisions of the rows with some ids. @throws NotAuditedError @throws InvalidArgumentError naming 'id' */
export function rowsOf<E extends ObjectLiteral>(
  reading: Reading,
  entity: EntityTarget<E>,
  ids: readonly EntityId[],
): Rows<E> {
  const { dataSource } = reading;
  const plan = auditPlansOf(dataSource).seenBy(entity);
  const ofClass = classFilter(dataSource, plan, [entity]);
  const each = ids.map((id) => {
    if (Array.isArray(id))
      throw new InvalidArgumentError('id', 'must be one id, got an array. Give the ids one by one.');
    return new RowRevisions<E>(reading, plan, keyOf(dataSource, plan, id), ofClass);
  });
  return { dataSource, plan, all: new RowsRevisions(reading, each), each };
}
