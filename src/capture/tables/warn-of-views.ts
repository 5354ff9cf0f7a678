import { Logger } from '@nestjs/common';
import { type EntityMetadata } from 'typeorm';
import { type AuditPlans } from '../../audited/audit-plans.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { tableAtPath } from './table-at-path.js';

/** Warns, once for each view over an audited table, that writes through the view are not recorded. */
export class ViewWarnings {
  private readonly logger = new Logger('AuditModule');
  private readonly known = new Set<EntityMetadata>();

  constructor(private readonly plansOf: () => AuditPlans) {}

  note(view: EntityMetadata): void {
    if (this.known.has(view)) return;
    this.known.add(view);
    const table = tablesBehind(view).find((metadata) => this.plansOf().find(metadata));
    if (table)
      this.logger.warn(
        `Writes through the view ${view.tablePath} are not recorded, and it reads the audited table ${table.tablePath}. ` +
          `Write by the entity of the table.`,
      );
  }
}

// The tables in a view's SQL. An updatable view has few, and only the database knows which one a write changes.
const TABLE = /\b(?:from|join)[\s(]+((?:["`]?[^\s"`.(),;]+["`]?\.)*["`]?[^\s"`.(),;]+["`]?)/gi;

function tablesBehind(view: EntityMetadata): EntityMetadata[] {
  const dataSource = dataSourceOf(view);
  const { expression = '' } = view;
  const text = typeof expression === 'string' ? expression : expression(dataSource).getQuery();
  return [...text.matchAll(TABLE)].flatMap(
    ([, path]) => tableAtPath(dataSource, path.replace(/["`]/g, '')) ?? [],
  );
}
