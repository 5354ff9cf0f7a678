// node records.cjs @vendure/core audited|plain: starts an application with NestJS and TypeORM as the given package has
// them, or as the project has them, and saves a row. Fails unless the row has its revision.
const { createRequire } = require('node:module');
const process = require('node:process');
const { play } = require('./play.cjs');

const [from, mode] = process.argv.slice(2);
const requireAs = from ? createRequire(require.resolve(from)) : require;
requireAs('reflect-metadata');
require('nestjs-cls');
play({
  audit: mode === 'audited' ? require('nestjs-typeorm-audit') : undefined,
  nest: { ...requireAs('@nestjs/common'), ...requireAs('@nestjs/core'), ...requireAs('@nestjs/typeorm') },
  orm: requireAs('typeorm'),
  driver: require('sql.js'),
});
