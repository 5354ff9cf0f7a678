import { type EntitySchema } from 'typeorm';
import { type AuditedOptions } from '../marks/audited-options.js';
import { type Markable, markAudited } from '../marks/marks.js';

/**
 * Keeps the complete history of an entity: each insert, update and delete adds a row to `<table>_rev`.
 *
 * On an abstract base class it holds for every entity that extends the class, except the classes in `except`. On the
 * root of a single-table inheritance it holds for the whole table. For an `EntitySchema` call the decorator:
 * `Audited()(ReservationSchema)`.
 *
 * @throws AuditConfigurationError when the data source is initialised and the entity can't be audited
 * @example
 * @Audited()
 * @Entity()
 * class Reservation { @PrimaryGeneratedColumn() id: number; @Column() party: number }
 * // → the table reservation_rev: rev_id, rev_created, rev_isdelete, …, id, party
 */
export function Audited(options: AuditedOptions = {}): (target: Markable | EntitySchema) => void {
  return (target) => markAudited(target, options);
}
