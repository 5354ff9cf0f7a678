import { type Revision } from './revision.js';

/**
 * A moment of all tables: a Date (the end of its millisecond), a revision (the state after it), or a transaction (the
 * state after it).
 */
export type Moment = Date | Pick<Revision, 'id'> | { transaction: string };

/** A moment of one entity: a Date (the end of its millisecond), a version, or a revision of the entity. */
export type EntityMoment = Date | number | Pick<Revision, 'version'>;
