import { expect, it } from '@jest/globals';
import { attachAudit, Audited } from 'nestjs-typeorm-audit';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { describeDatabases } from '../../support/servers/databases.js';
import { openAudited } from '../../support/worlds/audited-database.js';

/** An entity whose key and columns are called like what statements have parameters for. */
@Audited({ indexes: 'copy' })
@Entity({ name: 'odd {{key0}}' })
class Odd {
  @PrimaryColumn({ type: 'int', name: '{{operation}}' }) id: number;
  @Column({ type: 'varchar', length: 50, name: 'a {{k0}} b', nullable: true }) first: string | null;
  @Column({ type: 'varchar', length: 50, name: '{{keys}}', nullable: true }) second: string | null;
  @Column({ type: 'varchar', length: 50, name: `it's {{now}}`, nullable: true }) third: string | null;
}

describeDatabases('names of columns', (name) => {
  it('may be those of parameters', async () => {
    const { dataSource, close } = await openAudited(name, { entities: [Odd] });
    try {
      const odds = dataSource.getRepository(Odd);
      const { history, maintenance } = attachAudit(dataSource);
      await odds.save({ id: 1, first: 'a', second: 'b', third: 'c' });
      await odds.save([1, 2, 3].map((id) => ({ id, first: `n${id}` })));
      await odds.update({ second: 'b' }, { third: 'd' });
      await odds.delete([2, 3]);
      expect((await history.timeline(Odd, 1)).items.map(({ snapshot }) => ({ ...snapshot }))).toEqual([
        { id: 1, first: 'n1', second: 'b', third: 'd' },
        { id: 1, first: 'n1', second: 'b', third: 'c' },
        { id: 1, first: 'a', second: 'b', third: 'c' },
      ]);
      await history.restore(Odd, 2, 1);
      expect(await odds.findOneBy({ id: 2 })).toMatchObject({ first: 'n2' });
      expect(await history.at(new Date()).find(Odd, { where: { first: 'n1' } })).toHaveLength(1);
      expect(await maintenance.verify()).toMatchObject({ ok: true });
    } finally {
      await close();
    }
  });

  it('of a revision table are names and not paths', async () => {
    @Entity('car')
    class Car {
      @PrimaryColumn({ type: 'int' }) id: number;
    }
    Audited({ tableName: 'history.car_rev' })(Car);
    await expect(openAudited(name, { entities: [Car] })).rejects.toThrow(
      "@Audited({ tableName: 'history.car_rev' }) of Car has a dot. Give only the table's name: the table is in the schema of car.",
    );
  });
});
