import { type DataSource } from 'typeorm';
import { HistoricEntityError } from '../audit.errors.js';
import { StateSlot } from '../typeorm/state-slot.js';

/** The instances that were read from the past of a data source, each with the moment in words. */
export type HistoricEntities = WeakMap<object, string>;

const historic = new StateSlot<HistoricEntities>('historic-entities');

export function historicEntitiesOf(dataSource: DataSource): HistoricEntities {
  return historic.of(dataSource) ?? historic.own(dataSource, () => new WeakMap());
}

/** @throws HistoricEntityError when an instance to write was read from the past */
export function assertOfThePresent(dataSource: DataSource, name: string, entity: object | undefined): void {
  const moment = entity && historicEntitiesOf(dataSource).get(entity);
  if (moment !== undefined) throw new HistoricEntityError(name, moment);
}
