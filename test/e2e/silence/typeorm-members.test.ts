import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, ManyToOne, PrimaryColumn } from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { AuditConfigurationError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { assertFields, queryRunnerFields, typeormFields } from '../../../src/typeorm/fields.js';
import { type Members, TYPEORM_MEMBERS } from '../../../src/typeorm/members.js';

@Audited()
@Entity()
class Ticket {
  @PrimaryColumn('int') id: number;
  @Column() title: string;
  @ManyToOne(() => Ticket) parent: Ticket | null;
}

describe('a TypeORM that has renamed what recording stands on', () => {
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await new DataSource({
      type: 'better-sqlite3',
      database: ':memory:',
      entities: [Ticket],
      synchronize: true,
    }).initialize();
  });
  afterAll(() => dataSource.destroy());

  const members = Object.values<Members>(TYPEORM_MEMBERS).flatMap(({ owner, of, wrapped, called }) =>
    [...wrapped, ...called].map((name) => [owner, name, of] as const),
  );

  // The first round is before anything has been extended, the second after.
  it.each(['before', 'after'])('has every method refused %s it was extended', (when) => {
    if (when === 'after') attachAudit(dataSource).detach();
    for (const [owner, name, of] of members) {
      const restore = takeAway(of, name);
      try {
        const attach = (): unknown => attachAudit(dataSource);
        expect(attach).toThrow(AuditConfigurationError);
        expect(attach).toThrow(
          new RegExp(`^${owner}\\.${name}\\(\\) of TypeORM \\d+\\.\\d+\\.\\d+ is not a function`),
        );
      } finally {
        restore();
      }
    }
    attachAudit(dataSource).detach();
  });

  it('has every property refused that recording reads', () => {
    const fields = [
      ...typeormFields(dataSource, dataSource.getMetadata(Ticket)),
      ...queryRunnerFields(dataSource.createQueryRunner()),
    ];
    expect(() => assertFields(fields)).not.toThrow();
    for (const { owner, of, names } of fields)
      for (const name of names) {
        const without = new Proxy(of, { has: (target, key) => key !== name && key in target });
        const message = new RegExp(`^${owner} of TypeORM \\d+\\.\\d+\\.\\d+ has no ${name}, `);
        expect(() => assertFields([{ owner, of: without, names }])).toThrow(message);
      }
  });
});

// An own property hides an inherited one, so that it is gone for all who look.
function takeAway(of: object, name: string): () => void {
  const own = Object.getOwnPropertyDescriptor(of, name);
  Object.defineProperty(of, name, { value: undefined, configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(of, name, own);
    else Reflect.deleteProperty(of, name);
  };
}
