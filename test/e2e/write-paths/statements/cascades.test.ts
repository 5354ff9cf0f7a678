import { Column, Entity, EntityManager, JoinTable, ManyToMany, ManyToOne, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { AuditError } from '../../../../src/audit.errors.js';
import { describePaths, type ExpectedRevision, type WritePath } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';

/** Not audited itself. */
@Entity()
class Company {
  @PrimaryColumn() id: number;
}

@Audited()
@Entity()
class Site {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Company, { onDelete: 'CASCADE' }) company: Company;
}

/** Not audited, between two that are. */
@Entity()
class Floor {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Site, { onDelete: 'CASCADE' }) site: Site;
}

@Audited()
@Entity()
class Desk {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Floor, { onDelete: 'CASCADE' }) floor: Floor;
}

@Audited()
@Entity()
class Person {
  @PrimaryColumn() id: number;
  @Column({ length: 10, default: 'x' }) name: string;
  @ManyToOne(() => Company, { onDelete: 'SET NULL', nullable: true }) company: Company | null;
  @ManyToOne(() => Desk, { onDelete: 'SET NULL', nullable: true }) desk: Desk | null;
}

@Audited()
@Entity()
class Task {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Task, { onDelete: 'CASCADE', nullable: true }) parent: Task | null;
  @ManyToOne(() => Task, { onDelete: 'SET NULL', nullable: true }) successor: Task | null;
}

@Audited()
@Entity()
class Step {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Step, { onDelete: 'CASCADE', nullable: true }) within: Step | null;
}

@Entity()
class Label {
  @PrimaryColumn() id: number;
}

@Audited()
@Entity()
class Note {
  @PrimaryColumn() id: number;
  @ManyToMany(() => Label) @JoinTable({ name: 'note_label' }) labels: Label[];
}

/** Company 1 has sites 1 and 2, each with a floor and a desk; of company 2 there is nothing but person 3. */
async function companies({ manager }: World): Promise<void> {
  await manager.insert(Company, [{ id: 1 }, { id: 2 }]);
  await manager.insert(Site, [
    { id: 1, company: { id: 1 } },
    { id: 2, company: { id: 1 } },
  ]);
  await manager.insert(Floor, [
    { id: 1, site: { id: 1 } },
    { id: 2, site: { id: 2 } },
  ]);
  await manager.insert(Desk, [
    { id: 1, floor: { id: 1 } },
    { id: 2, floor: { id: 2 } },
  ]);
  await manager.insert(Person, [
    { id: 1, company: { id: 1 }, desk: { id: 1 } },
    { id: 2, desk: { id: 2 } },
    { id: 3, company: { id: 2 } },
  ]);
}

async function company({ manager }: World): Promise<void> {
  await manager.insert(Company, { id: 1 });
  await manager.insert(Site, { id: 1, company: { id: 1 } });
  await manager.insert(Floor, { id: 1, site: { id: 1 } });
  await manager.insert(Desk, { id: 1, floor: { id: 1 } });
  await manager.insert(Person, { id: 1, desk: { id: 1 } });
}

const companyGone: ExpectedRevision[] = [
  ['site', 'delete', 1, 2],
  ['site', 'delete', 2, 2],
  ['desk', 'delete', 1, 2],
  ['desk', 'delete', 2, 2],
  ['person', 'update', 1, 2],
  ['person', 'update', 2, 2],
];
const siteGone: ExpectedRevision[] = [
  ['site', 'delete', 1, 2],
  ['desk', 'delete', 1, 2],
  ['person', 'update', 1, 2],
];

/** The ways to delete a row, each of which has to find what goes along with it. */
const deletes = (
  name: string,
  before: WritePath['before'],
  target: new () => { id: number },
  revisions: WritePath['revisions'],
  on?: WritePath['on'],
): WritePath[] =>
  (
    [
      ['delete(id)', ({ manager }) => manager.delete(target, 1)],
      ['delete(criteria)', ({ manager }) => manager.delete(target, { id: 1 })],
      ['remove()', async ({ manager }) => manager.remove(await manager.findOneByOrFail(target, { id: 1 }))],
      [
        'createQueryBuilder().delete()',
        ({ manager }) =>
          manager.createQueryBuilder().delete().from(target).where('id = :id', { id: 1 }).execute(),
      ],
    ] as [string, WritePath['write']][]
  ).map(([path, write]) => ({ name: `${path} ${name}`, on, before, write, revisions }));

/** 1 ← 2 ← 3 by parent; 4 → 1 and 5 → 3 by successor. */
async function tasks({ manager }: World): Promise<void> {
  await manager.insert(Task, { id: 1 });
  await manager.insert(Task, { id: 2, parent: { id: 1 } });
  await manager.insert(Task, { id: 3, parent: { id: 2 } });
  await manager.insert(Task, { id: 4, successor: { id: 1 } });
  await manager.insert(Task, { id: 5, successor: { id: 3 } });
}
const tasksGone: ExpectedRevision[] = [
  ...[1, 2, 3].map((id) => ['task', 'delete', id, 2] as const),
  ...[4, 5].map((id) => ['task', 'update', id, 2] as const),
];

async function notes({ manager }: World): Promise<void> {
  await manager.save(Label, [{ id: 1 }, { id: 2 }]);
  await manager.save(Note, [
    { id: 1, labels: [{ id: 1 }, { id: 2 }] },
    { id: 2, labels: [{ id: 1 }] },
  ]);
}

describePaths(
  'database cascades',
  [Company, Site, Floor, Desk, Person],
  [
    ...deletes(
      'that cascades from a table that is not audited, over several levels',
      companies,
      Company,
      companyGone,
      // Unless it starts with --innodb-native-foreign-keys=ON, MySQL 9.7 itself forgets rows: of several that a delete
      // takes along it goes on from the first alone.
      ['sqlite', 'postgres', 'mariadb'],
    ),
    ...deletes(
      'that cascades from a table that is not audited, over several levels of one row each',
      company,
      Company,
      siteGone,
    ),
    ...deletes('that cascades through a table that is not audited', companies, Site, siteGone),
    {
      name: 'deletes that cascade, inside transaction()',
      before: companies,
      write: ({ dataSource }) =>
        dataSource.transaction(async (manager) => [
          await manager.update(Person, 1, { name: 'y' }),
          await manager.delete(Site, 1),
        ]),
      revisions: [
        ['person', 'update', 1, 2],
        ['site', 'delete', 1, 2],
        ['desk', 'delete', 1, 2],
        ['person', 'update', 1, 3],
      ],
    },
    {
      name: 'clear() of a table that is not audited, and whose rows take audited ones along',
      // The others refuse to truncate a table that foreign keys refer to.
      on: ['sqlite', 'sqljs'],
      before: companies,
      write: ({ manager }) => manager.clear(Company),
      revisions: [...companyGone, ['person', 'update', 3, 2]],
    },
    {
      name: 'clear({ cascade: true }) of a table that audited ones refer to',
      on: ['postgres'],
      needs: EntityManager.prototype.clear.length > 1,
      before: companies,
      write: ({ manager }) => manager.clear(Company, { cascade: true }),
      refused: AuditError,
    },
    {
      name: 'delete() from a table that is not audited, of a row that nothing refers to',
      before: ({ manager }) => manager.insert(Company, { id: 1 }),
      write: ({ manager }) => manager.delete(Company, 1),
    },
  ],
);

describePaths(
  'database cascades in one table',
  [Task, Step],
  [
    // For the same reason MySQL 9.7 refuses to delete from a table that refers to itself twice: each way to it counts as
    // a table anew, up to a limit of 30.
    ...deletes('of a row that its own table refers to', tasks, Task, tasksGone, [
      'sqlite',
      'postgres',
      'mariadb',
    ]),
    ...deletes(
      'of a row that its own table refers to once',
      async ({ manager }) => {
        await manager.insert(Step, { id: 1 });
        await manager.insert(Step, { id: 2, within: { id: 1 } });
        await manager.insert(Step, { id: 3, within: { id: 2 } });
      },
      Step,
      [1, 2, 3].map((id) => ['step', 'delete', id, 2] as const),
    ),
  ],
);

describePaths(
  'database cascades into junction tables',
  [Label, Note],
  [
    ...deletes('of the owner of a many-to-many', notes, Note, [
      ['note', 'delete', 1, 2],
      ['note_label', 'delete', [1, 1], 2],
      ['note_label', 'delete', [1, 2], 2],
    ]),
    ...deletes('of the other side of a many-to-many, which is not audited', notes, Label, [
      ['note_label', 'delete', [1, 1], 2],
      ['note_label', 'delete', [2, 1], 2],
    ]),
    {
      name: 'update() of a key in a many-to-many',
      before: notes,
      write: ({ manager }) => manager.update(Label, 1, { id: 9 }),
      revisions: [1, 2].flatMap(
        (note) =>
          [
            ['note_label', 'delete', [note, 1], 2],
            ['note_label', 'insert', [note, 9], 1],
          ] as const,
      ),
    },
  ],
);
