import { Column, Entity, PrimaryGeneratedColumn, Tree, TreeChildren, TreeParent } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

/** A node of a tree, whichever way the tree is kept. */
export abstract class Node {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  abstract parent: Node | null;
  abstract children: Node[];
}

@Audited()
@Entity()
@Tree('closure-table')
export class ClosureNode extends Node {
  @TreeParent({ onDelete: 'CASCADE' }) parent: ClosureNode | null;
  @TreeChildren({ cascade: true }) children: ClosureNode[];
}

@Audited()
@Entity()
@Tree('materialized-path')
export class PathNode extends Node {
  @TreeParent({ onDelete: 'CASCADE' }) parent: PathNode | null;
  @TreeChildren({ cascade: true }) children: PathNode[];
}

@Audited()
@Entity()
@Tree('nested-set')
export class SetNode extends Node {
  @TreeParent({ onDelete: 'CASCADE' }) parent: SetNode | null;
  @TreeChildren({ cascade: true }) children: SetNode[];
}
