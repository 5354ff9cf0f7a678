require('reflect-metadata');
const { attachAudit } = require('nestjs-typeorm-audit');
const { DataSource } = require('typeorm');

const dataSource = new DataSource({ type: 'better-sqlite3', database: ':memory:' });
dataSource
  .initialize()
  .then(attachAudit)
  .catch((error) => console.log(JSON.stringify(error.message)));
