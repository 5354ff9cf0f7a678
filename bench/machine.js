import { readFileSync } from 'node:fs';
import { arch, cpus, totalmem, type } from 'node:os';
import { fileURLToPath, URL } from 'node:url';

/** What the figures were taken on. */
export function machine(databases) {
  return {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${arch()}`,
    node: process.versions.node,
    typeorm: versionOf('typeorm'),
    databases,
    date: new Date().toISOString().slice(0, 10),
  };
}

function versionOf(name) {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(fileURLToPath(path), 'utf8')).version;
}
