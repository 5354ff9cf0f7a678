import {
  type DataSource,
  type EntityManager,
  type EntityTarget,
  type FindManyOptions,
  type FindOneOptions,
  type FindOptionsWhere,
  type ObjectLiteral,
  type Repository,
  type SelectQueryBuilder,
  type TreeRepository,
} from 'typeorm';
import { historyOf } from '../history.js';
import { Past } from '../past/past.js';
import { pastMoment } from '../past/past-moment.js';
import { type Moment } from '../types/moment.js';
import { shadowDataSource } from './shadow-data-source.js';

type Where<E> = FindOptionsWhere<E> | FindOptionsWhere<E>[];

/**
 * Reads a data source as it was at a moment, with TypeORM's own find options and query builders.
 *
 * Entities are instances of their classes, with their relations of that moment. Unaudited tables are read as they are
 * now, and unaudited columns are null. Writes are refused, and the managers of the present refuse to save the entities:
 * use `history.restore()`.
 *
 * @example
 * const then = history.at(new Date('2015-04-03'));
 * await then.find(Reservation, { where: { guest: { name: 'Ann' } }, relations: { guest: true } })
 * // → [Reservation { id: 1, party: 4, guest: Guest { id: 7, name: 'Ann' } }]
 */
export class TimeTravel {
  /** A read-only manager, for code that takes a manager. */
  readonly manager: EntityManager;

  /** @throws InvalidArgumentError naming 'at' when it is not a moment */
  constructor(dataSource: DataSource, at: Moment) {
    const past = new Past(dataSource, () => historyOf(dataSource).past, pastMoment(dataSource, at));
    this.manager = shadowDataSource(past).manager;
  }

  /** @example await then.find(Reservation, { where: { party: MoreThan(4) }, order: { id: 'ASC' }, take: 20 }) */
  find<E extends ObjectLiteral>(entity: EntityTarget<E>, options?: FindManyOptions<E>): Promise<E[]> {
    return this.manager.find(entity, options);
  }

  /** @example await then.findBy(Reservation, { party: 4 }) */
  findBy<E extends ObjectLiteral>(entity: EntityTarget<E>, where: Where<E>): Promise<E[]> {
    return this.manager.findBy(entity, where);
  }

  /** @example await then.findOne(Reservation, { where: { id: 1 }, relations: { guest: true } }) // null if there was none */
  findOne<E extends ObjectLiteral>(entity: EntityTarget<E>, options: FindOneOptions<E>): Promise<E | null> {
    return this.manager.findOne(entity, options);
  }

  /** @example await then.findOneBy(Reservation, { id: 1 }) // null if there was none */
  findOneBy<E extends ObjectLiteral>(entity: EntityTarget<E>, where: Where<E>): Promise<E | null> {
    return this.manager.findOneBy(entity, where);
  }

  /** @throws EntityNotFoundError, TypeORM's, when there was none */
  findOneOrFail<E extends ObjectLiteral>(entity: EntityTarget<E>, options: FindOneOptions<E>): Promise<E> {
    return this.manager.findOneOrFail(entity, options);
  }

  /** @throws EntityNotFoundError, TypeORM's, when there was none */
  findOneByOrFail<E extends ObjectLiteral>(entity: EntityTarget<E>, where: Where<E>): Promise<E> {
    return this.manager.findOneByOrFail(entity, where);
  }

  /** @example const [page, total] = await then.findAndCount(Reservation, { order: { id: 'ASC' }, skip: 20, take: 20 }) */
  findAndCount<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    options?: FindManyOptions<E>,
  ): Promise<[E[], number]> {
    return this.manager.findAndCount(entity, options);
  }

  /** @example await then.count(Reservation, { where: { guest: { name: 'Ann' } } }) // → 2 */
  count<E extends ObjectLiteral>(entity: EntityTarget<E>, options?: FindManyOptions<E>): Promise<number> {
    return this.manager.count(entity, options);
  }

  /** @example await then.countBy(Reservation, { party: 4 }) // → 1 */
  countBy<E extends ObjectLiteral>(entity: EntityTarget<E>, where: Where<E>): Promise<number> {
    return this.manager.countBy(entity, where);
  }

  /** @example await then.exists(Reservation, { where: { id: 1 } }) // → true */
  exists<E extends ObjectLiteral>(entity: EntityTarget<E>, options?: FindManyOptions<E>): Promise<boolean> {
    return this.manager.exists(entity, options);
  }

  /** @example await then.createQueryBuilder(Reservation, 'r').select('sum(r.party)', 'guests').getRawOne() */
  createQueryBuilder<E extends ObjectLiteral>(entity: EntityTarget<E>, alias: string): SelectQueryBuilder<E> {
    return this.manager.createQueryBuilder(entity, alias);
  }

  /** A read-only repository, which can be extended. */
  getRepository<E extends ObjectLiteral>(entity: EntityTarget<E>): Repository<E> {
    return this.manager.getRepository(entity);
  }

  /** A tree repository, which walks by the parents that the nodes had then. */
  getTreeRepository<E extends ObjectLiteral>(entity: EntityTarget<E>): TreeRepository<E> {
    return this.manager.getTreeRepository(entity);
  }

  /** A custom repository that reads the past. @example await then.withRepository(reservations).findOfGuest('Ann') */
  withRepository<E extends ObjectLiteral, R extends Repository<E>>(repository: R & Repository<E>): R {
    return this.manager.withRepository<E, R>(repository);
  }
}
