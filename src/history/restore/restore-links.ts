import { inspect } from 'node:util';
import { type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { PlanSql } from '../../audited/plan-sql.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { endOf } from '../arguments/moment.js';
import { type Obstacle } from './obstacle.js';
import { keyIn, keyList } from './restore-sql.js';
import { RestoreTable } from './restore-table.js';
import { type HistoryWrite } from './write-transaction.js';

/** A many-to-many relation whose links have a history. */
export interface LinkRelation {
  readonly relation: RelationMetadata;
  readonly junction: AuditPlan;
}

/** @throws InvalidArgumentError when a name is not the name of a recorded many-to-many relation */
export function linkRelations(
  { dataSource }: Pick<HistoryWrite, 'dataSource'>,
  plan: AuditPlan,
  names: boolean | readonly string[],
): LinkRelation[] {
  const known = [plan.metadata, ...plan.metadata.childEntityMetadatas]
    .flatMap(({ manyToManyRelations }) => manyToManyRelations)
    .flatMap((relation): LinkRelation[] => {
      const junction = auditPlansOf(dataSource).find(relation.junctionEntityMetadata!);
      return junction ? [{ relation, junction }] : [];
    });
  const byName = new Map(known.map((linked) => [linked.relation.propertyPath, linked]));
  if (typeof names === 'boolean') return names ? [...byName.values()] : [];
  if (!Array.isArray(names))
    throw new InvalidArgumentError(
      'relations',
      `must be true, false or an array of relations, got ${inspect(names)}.`,
    );
  return names.map((name) => {
    const linked = byName.get(name);
    if (linked) return linked;
    throw new InvalidArgumentError(
      'relations',
      `must name many-to-many relations of ${plan.metadata.name} whose links are audited, got "${name}". ` +
        `They are ${[...byName.keys()].join(', ') || 'none'}.`,
    );
  });
}

/**
 * Restores the links of an entity: removes and inserts rows of the junction table until they match the past.
 *
 * @param at the moment to restore; without it the moment of the revision, plus the links that the same transaction
 *   made after it
 * @returns the obstacles
 */
export async function restoreLinks(
  write: HistoryWrite,
  plan: AuditPlan,
  { relation, junction }: LinkRelation,
  revisionId: string,
  at: Date | undefined,
): Promise<readonly Obstacle[]> {
  const sql = new PlanSql(write.dataSource, junction);
  const entity = new PlanSql(write.dataSource, plan);
  const { dialect } = sql;
  const isRevision = `r.rev_id = ${dialect.types.value('{{id}}', 'uuid')}`;
  const { ownerColumns, inverseColumns } = relation.junctionEntityMetadata!;
  const own = relation.isManyToManyOwner ? ownerColumns : inverseColumns;
  const equal = (
    columns: readonly ColumnMetadata[],
    left: string,
    leftIsCopy: boolean,
    right: (n: number) => string,
  ): string =>
    keysEqual(
      columns.map((column) => sql.column(column)),
      leftIsCopy ? left : (n) => dialect.types.toCopy(`${left}.${sql.column(columns[n])}`, columns[n]),
      right,
    );
  const isOwn = (alias: string, isCopy: boolean): string =>
    equal(own, alias, isCopy, (n) => `r.${sql.column(own[n].referencedColumn!)}`);
  const isPast = (alias: string): string =>
    at
      ? `${alias}.rev_created < ${dialect.types.value('{{end}}', 'time')}`
      : `(${alias}.rev_created <= r.rev_created OR ${alias}.rev_transaction = r.rev_transaction)`;
  const keys = junction.keys.map(({ source }) => source);
  const isSame = (left: string, right: string, leftIsCopy: boolean): string =>
    equal(keys, left, leftIsCopy, (n) => `${right}.${sql.column(keys[n])}`);
  const columns = junction.metadata.primaryColumns;
  const select = (template: string): Promise<ObjectLiteral[]> =>
    readTemplate(write.queryRunner, dialect, template, { id: revisionId, end: at && endOf(at) });

  const then = await select(
    `SELECT j.rev_id AS link_id, ${keyList(sql, columns, 'j')} FROM ${entity.revisions} r ` +
      `JOIN ${sql.revisions} j ON ${isOwn('j', true)} WHERE ${isRevision} AND ${isPast('j')} AND NOT j.rev_isdelete ` +
      `AND NOT EXISTS (SELECT 1 FROM ${sql.revisions} n WHERE ${isSame('n', 'j', true)} ` +
      `AND n.rev_version > j.rev_version AND ${isPast('n')})`,
  );
  // A link without a history may have existed then, so it stays.
  const now = await select(
    `SELECT ${keyList(sql, columns, 't')} FROM ${entity.revisions} r JOIN ${sql.table} t ON ${isOwn('t', false)} ` +
      `WHERE ${isRevision} AND EXISTS (SELECT 1 FROM ${sql.revisions} n WHERE ${isSame('t', 'n', false)})`,
  );
  const linkText = (row: ObjectLiteral): string => JSON.stringify(keyIn(row, columns));
  const wanted = new Set(then.map(linkText));
  const present = new Set(now.map(linkText));
  const links = await RestoreTable.open(write, junction);
  await links.remove(
    now.filter((row) => !wanted.has(linkText(row))).map((row) => ({ key: keyIn(row, columns) })),
  );
  return links.restore(
    then
      .filter((row) => !present.has(linkText(row)))
      .map((row) => ({ key: keyIn(row, columns), revisionId: row.link_id as string })),
  );
}
