import 'reflect-metadata';
import {
  Column,
  Entity,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
} from 'typeorm';

/** @import { AuditedDecorator } from './types.js' */

// The decorators are called as functions: this is JavaScript, so that nothing has to be compiled to measure.

/**
 * The entity of the write cases, five columns with a generated key, and two with a many-to-many relation. New classes
 * for each subject, because what audits them is tied to the class.
 *
 * @param {AuditedDecorator} audited
 */
export function writeEntities(audited = () => undefined) {
  class Booking {}
  PrimaryGeneratedColumn()(Booking.prototype, 'id');
  Column({ type: 'varchar', length: 100 })(Booking.prototype, 'guest');
  Column({ type: 'varchar', length: 100 })(Booking.prototype, 'email');
  Column({ type: 'int' })(Booking.prototype, 'party');
  Column({ type: 'varchar', length: 255, nullable: true })(Booking.prototype, 'note');
  Entity({ name: 'booking' })(Booking);

  class Tag {}
  PrimaryGeneratedColumn()(Tag.prototype, 'id');
  Column({ type: 'varchar', length: 20 })(Tag.prototype, 'name');
  Entity({ name: 'tag' })(Tag);

  class Room {}
  PrimaryGeneratedColumn()(Room.prototype, 'id');
  Column({ type: 'varchar', length: 20 })(Room.prototype, 'name');
  ManyToMany(() => Tag)(Room.prototype, 'tags');
  JoinTable({ name: 'room_tag' })(Room.prototype, 'tags');
  Entity({ name: 'room' })(Room);

  for (const entity of [Booking, Tag, Room]) audited(entity);
  return { Booking, Tag, Room };
}

/** The entities of the read cases. */
export function readEntities(audited) {
  class Guest {}
  PrimaryGeneratedColumn()(Guest.prototype, 'id');
  Column({ type: 'varchar', length: 50 })(Guest.prototype, 'name');
  Entity({ name: 'guest' })(Guest);
  audited()(Guest);

  class Stay {}
  PrimaryGeneratedColumn()(Stay.prototype, 'id');
  Column({ type: 'int' })(Stay.prototype, 'party');
  Column({ type: 'int' })(Stay.prototype, 'code');
  Index('stay_code')(Stay.prototype, 'code');
  Column({ type: 'varchar', length: 100 })(Stay.prototype, 'note');
  ManyToOne(() => Guest)(Stay.prototype, 'guest');
  JoinColumn({ name: 'guest_fk' })(Stay.prototype, 'guest');
  Entity({ name: 'stay' })(Stay);
  audited({ indexes: 'copy' })(Stay);

  return { Guest, Stay };
}

/** The entity of the requests. @param largeText the column type of a text without a limit */
export function servedEntities(audited, largeText) {
  class Paper {}
  PrimaryGeneratedColumn()(Paper.prototype, 'id');
  Column({ type: 'varchar', length: 50 })(Paper.prototype, 'title');
  Column({ type: largeText })(Paper.prototype, 'text');
  Entity({ name: 'paper' })(Paper);
  audited()(Paper);
  return { Paper };
}

/** A booking's values, which differ from one to the next. */
export function booking(n) {
  return {
    guest: `Guest ${n}`,
    email: `guest${n}@example.org`,
    party: (n % 8) + 1,
    note: `Window, floor ${n % 9}`,
  };
}
