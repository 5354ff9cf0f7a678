import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AuditConfigurationError,
  type AttachedAudit,
  attachAudit,
  Audited,
  NotAudited,
  NotAuditedError,
} from 'nestjs-typeorm-audit';
import {
  ChildEntity,
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

/** The entities of a package, whose source nobody can decorate. */
function shop() {
  abstract class ShopEntity {
    @PrimaryGeneratedColumn() id: number;
  }

  @Entity('tag')
  class Tag extends ShopEntity {
    @Column() name: string;
  }

  @Entity('product')
  class Product extends ShopEntity {
    @Column() name: string;
    @ManyToMany(() => Tag) @JoinTable({ name: 'product_tag' }) tags: Tag[];
  }

  @Entity('purchase')
  class Purchase extends ShopEntity {
    @Column() total: number;
  }

  @Entity('session')
  class Session extends ShopEntity {
    @Column() token: string;
    @ManyToMany(() => Product) @JoinTable({ name: 'session_product' }) seen: Product[];
  }

  @Entity('job_record')
  class JobRecord extends ShopEntity {
    @Column() queue: string;
  }
  return { ShopEntity, Tag, Product, Purchase, Session, JobRecord };
}

describeDatabases('Audited()(ShopEntity), of a base class that five entities extend', (name) => {
  const { ShopEntity, ...entities } = shop();
  const { Tag, Product, Purchase, Session, JobRecord } = entities;
  Audited({ except: [JobRecord] })(ShopEntity);
  NotAudited()(Session);
  let database: TestDatabase;
  let dataSource: DataSource;
  let audit: AttachedAudit;

  beforeEach(async () => {
    database = await createDatabase(name);
    dataSource = new DataSource({
      ...database.options,
      entities: Object.values(entities),
      synchronize: true,
    });
    await dataSource.initialize();
    audit = attachAudit(dataSource);
  });
  afterEach(async () => {
    audit.detach();
    await dataSource.destroy();
    await database.drop();
  });

  it('gives a history to three, and none to one under @NotAudited() and one in except', async () => {
    const { manager } = dataSource;
    const revisions = dataSource.entityMetadatas
      .map(({ tableName }) => tableName)
      .filter((tableName) => tableName.endsWith('_rev'));
    expect(revisions.toSorted()).toEqual(['product_rev', 'product_tag_rev', 'purchase_rev', 'tag_rev']);

    const tag = await manager.save(Tag, { name: 'new' });
    const product = await manager.save(Product, { name: 'tea', tags: [tag] });
    await manager.update(Purchase, (await manager.save(Purchase, { total: 1 })).id, { total: 2 });
    const session = await manager.save(Session, { token: 't', seen: [product] });
    await manager.delete(JobRecord, (await manager.save(JobRecord, { queue: 'mail' })).id);
    const { items } = await audit.history.feed();
    expect(items.map(({ entity, operation }) => `${operation} of ${entity}`).toSorted()).toEqual([
      'insert of product',
      'insert of product_tag',
      'insert of purchase',
      'insert of tag',
      'update of purchase',
    ]);
    await expect(audit.history.timeline(Session, session.id)).rejects.toThrow(NotAuditedError);
    await expect(audit.history.timeline(JobRecord, 1)).rejects.toThrow(NotAuditedError);
    await expectInvariants(dataSource);
  });
});

describe('A base class that is audited', () => {
  let dataSource: DataSource | undefined;
  afterEach(async () => {
    if (dataSource?.isInitialized) await dataSource.destroy();
    dataSource = undefined;
  });

  async function revisionsOf(...entities: (abstract new () => object)[]): Promise<string[]> {
    dataSource = new DataSource({
      type: 'better-sqlite3',
      database: ':memory:',
      entities: entities as never[],
    });
    await dataSource.initialize();
    const names = dataSource.entityMetadatas.map(({ tableName }) => tableName);
    return names.filter((tableName) => tableName.endsWith('_rev'));
  }

  it('leaves out what extends a class that is left out, unless that has an @Audited() of its own', async () => {
    const { ShopEntity, Purchase, JobRecord } = shop();
    @Entity('mail_job')
    class MailJob extends JobRecord {}
    @Audited()
    @Entity('price_job')
    class PriceJob extends JobRecord {}
    @Entity('refund')
    class Refund extends Purchase {}
    Audited({ except: [Purchase] })(ShopEntity);
    NotAudited()(JobRecord);
    expect(await revisionsOf(JobRecord, MailJob, PriceJob, Purchase, Refund)).toEqual(['price_job_rev']);
  });

  it('refuses an @Audited() and a @NotAudited() on one class', async () => {
    const { ShopEntity, Tag } = shop();
    Audited()(ShopEntity);
    Audited()(Tag);
    NotAudited()(Tag);
    const refused = revisionsOf(Tag);
    await expect(refused).rejects.toThrow(AuditConfigurationError);
    await expect(refused).rejects.toThrow('Tag has both @Audited() and @NotAudited(). Keep one of them.');
  });

  it.each([
    ['a class that does not extend it', class Stranger {}, 'Stranger'],
    ['what a circular import has not given yet', undefined, 'undefined'],
  ])('refuses an except with %s', async (_, entry, shown) => {
    const { ShopEntity, Tag } = shop();
    Audited({ except: [entry as never] })(ShopEntity);
    await expect(revisionsOf(Tag)).rejects.toThrow(
      `@Audited({ except }) of ShopEntity must name classes that extend it, got ${shown}. Give classes that extend ShopEntity; ` +
        'where they import its file, put @NotAudited() on them instead.',
    );
  });

  it('refuses to leave out a child of a table that is audited', async () => {
    @Audited()
    @Entity('movement')
    @TableInheritance({ column: { type: 'varchar', name: 'type' } })
    class Movement {
      @PrimaryGeneratedColumn() id: number;
    }
    @NotAudited()
    @ChildEntity()
    class Sale extends Movement {}
    await expect(revisionsOf(Movement, Sale)).rejects.toThrow(
      'Sale is left out of the history, but shares the table of Movement, which is audited. ' +
        'Leave Movement out instead, or neither.',
    );
  });

  it('leaves out a table of several classes with its root', async () => {
    abstract class Base {
      @PrimaryGeneratedColumn() id: number;
    }
    @Entity('movement')
    @TableInheritance({ column: { type: 'varchar', name: 'type' } })
    class Movement extends Base {}
    @ChildEntity()
    class Sale extends Movement {}
    Audited({ except: [Movement] })(Base);
    expect(await revisionsOf(Movement, Sale)).toEqual([]);
  });
});
