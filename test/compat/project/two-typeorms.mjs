import 'reflect-metadata';
import { attachAudit } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';

const dataSource = new DataSource({ type: 'better-sqlite3', database: ':memory:' });
await dataSource.initialize();
try {
  attachAudit(dataSource);
} catch (error) {
  console.log(JSON.stringify(error.message));
}
