import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

@Audited({ label: (party: Party) => party.name })
@Entity()
@TableInheritance({ column: { type: 'varchar', length: 20, name: 'kind' } })
class Party {
  @PrimaryColumn({ type: 'varchar', length: 20 }) code: string;
  @Column({ length: 20 }) name: string;
}

@ChildEntity()
class Person extends Party {
  @ManyToOne(() => Party, { nullable: true }) employer: Party | null;
}

@ChildEntity()
class Company extends Party {
  @Column({ length: 20, nullable: true, type: 'varchar' }) vatNumber: string | null;
}

@Audited({ name: 'contracts' })
@Entity()
class Contract {
  @PrimaryGeneratedColumn() id: number;
  @ManyToOne(() => Person, { nullable: true }) signer: Person | null;
  @Masked((column) => `substr(${column}, 1, 1)`)
  @ManyToOne(() => Company, { nullable: true, createForeignKeyConstraints: false })
  payer: Company | null;
  @Column({ type: 'varchar', length: 20, nullable: true }) witnessCode: string | null;
  @ManyToOne(() => Party, { nullable: true }) witness: Party | null;
}

describeDatabases('describe() with classes in one table', (name) => {
  let audited: AuditedDatabase;
  let history: HistoryService;
  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Party, Person, Company, Contract] });
    history = new HistoryService(audited.dataSource);
  });
  afterAll(() => audited.close());

  it('resolves relations of and to child classes, and shows no masked ones', async () => {
    const { manager } = audited.dataSource;
    const acme = await manager.save(Company, { code: 'c-1', name: 'ACME', vatNumber: 'X1' });
    const ann = await manager.save(Person, { code: 'p-1', name: 'Ann', employer: null });
    await manager.update(Person, 'p-1', { employer: acme });
    const { id } = await manager.save(Contract, { signer: ann, payer: acme });
    await manager.update(Contract, id, { signer: null, payer: { code: 'd-1' }, witness: acme });
    await manager.update(Company, 'c-1', { name: 'ACME Ltd' });
    const told = async (revision: unknown): Promise<string> => history.describe(revision as never);
    expect(await told(await history.latest(Person, 'p-1'))).toBe(
      'Somebody changed Ann: employer none → ACME',
    );
    expect(await told(await history.latest(Company, 'c-1'))).toBe(
      'Somebody changed ACME Ltd: name ACME → ACME Ltd',
    );
    expect(await told(await history.revision(Contract, id, 1))).toBe(
      `Somebody created contract ${id}: signer Ann`,
    );
    expect(await told(await history.latest(Contract, id))).toBe(
      `Somebody changed contract ${id}: witness none → ACME, signer Ann → none, payer changed`,
    );
    await expectInvariants(audited.dataSource);
  });
});
