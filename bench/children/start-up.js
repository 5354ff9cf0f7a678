// How long a data source of 200 entities takes to be ready, in a process of its own.
import { performance } from 'node:perf_hooks';
// What an application of Nest has loaded anyway.
import '@nestjs/common';
import 'nestjs-cls';
import { Column, DataSource, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

const { subject, options } = JSON.parse(process.argv[2]);
const start = performance.now();
const audit = subject === 'ours' ? await import('nestjs-typeorm-audit') : undefined;
const entities = [];
for (let n = 0; n < 200; n++) entities.push(entityOf(n, entities.at(-1)));
const dataSource = await new DataSource({ ...options, entities }).initialize();
audit?.attachAudit(dataSource);
const ms = performance.now() - start;
console.log(JSON.stringify({ ms }));
await dataSource.destroy();

function entityOf(n, parent) {
  class Thing {}
  PrimaryGeneratedColumn()(Thing.prototype, 'id');
  for (let column = 0; column < 8; column++)
    Column({ type: 'varchar', length: 100, nullable: true })(Thing.prototype, `column${column}`);
  if (parent) {
    ManyToOne(() => parent)(Thing.prototype, 'parent');
    JoinColumn({ name: 'parent_fk' })(Thing.prototype, 'parent');
  }
  Object.defineProperty(Thing, 'name', { value: `Thing${n}` });
  Entity({ name: `thing${n}` })(Thing);
  audit?.Audited()(Thing);
  return Thing;
}
