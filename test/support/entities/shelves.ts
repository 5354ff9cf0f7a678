import {
  BeforeInsert,
  BeforeUpdate,
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

/** Told of the listeners that entities have themselves, beside the hooks of subscribers. */
export const listeners: { told?: (name: string, entity: object) => void } = {};

@Entity()
export class Shelf {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) label: string;
  @OneToMany('Item', 'shelf', { cascade: true }) items: Item[];
}

@Entity()
export class Tag {
  @PrimaryColumn('int') id: number;
  @Column({ length: 20 }) label: string;
}

/** The entity of most writes: the database fills five of its columns. */
@Entity()
export class Item {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20, unique: true }) code: string;
  @Column({ type: 'int', default: 5 }) n: number;
  @Column({ type: 'varchar', length: 50, nullable: true }) note: string | null;
  @Column({ type: 'varchar', length: 10, default: 'h', select: false }) hidden: string;
  @CreateDateColumn() madeAt: Date;
  @UpdateDateColumn() changedAt: Date;
  @DeleteDateColumn() goneAt: Date | null;
  @VersionColumn() edition: number;
  @ManyToOne('Shelf', 'items', { nullable: true, onDelete: 'SET NULL' }) shelf: Shelf | null;
  @ManyToMany('Tag', { cascade: true }) @JoinTable() tags: Tag[];

  @BeforeInsert() beforeInsert(): void {
    listeners.told?.('listener beforeInsert', this);
  }

  @BeforeUpdate() beforeUpdate(): void {
    listeners.told?.('listener beforeUpdate', this);
  }
}

/** Goes with its shelf, by the database. */
@Entity()
export class Sticker {
  @PrimaryColumn('int') id: number;
  @ManyToOne('Shelf', { onDelete: 'CASCADE' }) shelf: Shelf;
}

@Entity()
export class Pair {
  @PrimaryColumn('int') a: number;
  @PrimaryColumn({ length: 5 }) b: string;
  @Column({ type: 'int', default: 1 }) v: number;
}

/** On PostgreSQL its constraint is looked at in COMMIT only. */
@Entity()
@Unique('one_place_each', ['position'], { deferrable: 'INITIALLY DEFERRED' })
export class Place {
  @PrimaryColumn('int') id: number;
  @Column('int') position: number;
}

@Entity()
@Tree('materialized-path')
export class Folder {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  @TreeParent() parent: Folder | null;
  @TreeChildren() children: Folder[];
}

@Entity()
@Tree('closure-table')
export class Branch {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  @TreeParent() parent: Branch | null;
  @TreeChildren() children: Branch[];
}

/** What is written so that its hooks are called, in which then something else is written. */
@Entity()
export class Bell {
  @PrimaryColumn('int') id: number;
  @Column({ type: 'int', default: 0 }) rung: number;
  @DeleteDateColumn() goneAt: Date | null;
}

/** Not audited. */
@Entity()
export class Note {
  @PrimaryColumn('int') id: number;
  @Column({ length: 50 }) text: string;
  @ManyToOne('Item', { nullable: true, onDelete: 'CASCADE' }) item: Item | null;
}

export const audited = [Shelf, Tag, Item, Sticker, Pair, Place, Folder, Branch, Bell];
export const entities = [...audited, Note];
