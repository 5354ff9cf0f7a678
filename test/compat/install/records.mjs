// As records.cjs, with all of it imported.
import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { play } from './play.cjs';

const [from, mode] = process.argv.slice(2);
const { resolve } = createRequire(from ? createRequire(import.meta.url).resolve(from) : import.meta.url);
const imported = async (name) => import(from ? pathToFileURL(resolve(name)).href : name);
await imported('reflect-metadata');
await import('nestjs-cls');
const { default: driver } = await import('sql.js');
play({
  audit: mode === 'audited' ? await import('nestjs-typeorm-audit') : undefined,
  nest: {
    ...(await imported('@nestjs/common')),
    ...(await imported('@nestjs/core')),
    ...(await imported('@nestjs/typeorm')),
  },
  orm: await imported('typeorm'),
  driver,
});
