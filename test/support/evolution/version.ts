import { Column, type ColumnOptions, Entity, PrimaryColumn, type PrimaryColumnOptions } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';
import { type AuditedOptions } from '../../../src/audited/marks/audited-options.js';
import { type EntityId } from '../../../src/history/types/entity-id.js';

/** The columns of a version of the entity by property, beside `id` and `title`. */
export type Columns = Record<string, ColumnOptions & { masked?: true }>;

/** A version of the entity. */
export interface Version {
  readonly columns: Columns;
  readonly options?: AuditedOptions;
  readonly key?: PrimaryColumnOptions;
  /** The key beside `id`: the values of its properties in the rows that the test writes. */
  readonly keyPart?: Readonly<Record<string, number>>;
  /** Puts more decorators on the class: relations and embeddeds. */
  readonly decorate?: (item: new () => any) => void;
}

/** The class of a version, on the table `item`. */
export function itemOf(version: Version, audited = true): new () => any {
  const { columns, options, key = { type: 'int' }, keyPart = {}, decorate } = version;
  class Item {}
  const prototype = Item.prototype;
  PrimaryColumn(key)(prototype, 'id');
  for (const property of Object.keys(keyPart)) PrimaryColumn({ type: 'int' })(prototype, property);
  Column({ type: 'varchar', length: 40 })(prototype, 'title');
  for (const [property, { masked, ...column }] of Object.entries(columns)) {
    Column(column)(prototype, property);
    if (masked) Masked()(prototype, property);
  }
  decorate?.(Item);
  Entity('item')(Item);
  if (audited) Audited(options)(Item);
  return Item;
}

/** The id of a row of a version, as the library takes it. */
export function idOf({ keyPart }: Version, id: number): EntityId {
  return keyPart ? { id, ...keyPart } : id;
}
