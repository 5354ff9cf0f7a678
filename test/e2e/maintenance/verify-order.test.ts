import { expect, it } from '@jest/globals';
import { attachAudit, Audited } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase, describeDatabases } from '../../support/servers/databases.js';

/** Its labels are in another order than their texts. */
const SIZES = ['small', 'medium', 'large'];

@Audited()
@Entity()
class Price {
  @PrimaryColumn({ type: 'simple-enum', enum: SIZES }) size: string;
  @Column({ type: 'int' }) amount: number;
}

@Audited()
@Entity()
class Token {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column({ type: 'int' }) uses: number;
}

// A batch is read in the order of the keys, and its bounds hold only in that order.
describeDatabases('verify() in the order of the keys', (name) => {
  it('finds rows by an enum or a UUID, whatever the order of their histories is', async () => {
    const database = await createDatabase(name);
    const dataSource = await new DataSource({
      ...database.options,
      entities: [Price, Token],
      synchronize: true,
    }).initialize();
    try {
      const { maintenance } = attachAudit(dataSource);
      await dataSource.getRepository(Price).insert(SIZES.map((size) => ({ size, amount: 1 })));
      const tokens = await dataSource.getRepository(Token).save(SIZES.map(() => ({ uses: 1 })));
      for (const batchSize of [1, 2, 100])
        await expect(maintenance.verify(undefined, { batchSize })).resolves.toMatchObject({ ok: true });
      await dataSource.query(`UPDATE price SET amount = 2 WHERE size = 'medium'`);
      await dataSource.query(`UPDATE token SET uses = 2 WHERE id = '${tokens[1].id}'`);
      for (const batchSize of [1, 2, 100]) {
        const { findings } = await maintenance.verify(undefined, { batchSize });
        const found = findings.flatMap(({ kind, keys }) => keys.map((key) => [kind, Object.values(key)[0]]));
        expect(found).toHaveLength(2);
        expect(found).toEqual(
          expect.arrayContaining([
            ['stale', 'medium'],
            ['stale', tokens[1].id],
          ]),
        );
      }
    } finally {
      await dataSource.destroy();
      await database.drop();
    }
  });
});
