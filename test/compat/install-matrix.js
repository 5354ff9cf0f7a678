// node test/compat/install-matrix.js --managers npm@10,pnpm@9 --projects vendure: installs the packed package with
// each package manager into each kind of project, loads it there and records a write. It prints a table, and exits
// with 1 where a cell is wrong. All cells take about half an hour and need the registries.
//   --managers   of those below; default: all
//   --projects   of those below; default: all
//   --package    a file that was packed before; default: this checkout is packed
//   --keep       leaves the projects where they were made, to look at
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '..', '..');

/** By package: how it installs what a project has, how it adds packages, and how it runs a file. */
const managers = {
  'npm@10': { bin: 'bin/npm-cli.js', add: 'install', flags: ['--ignore-scripts', '--no-audit', '--no-fund'] },
  'npm@11': { bin: 'bin/npm-cli.js', add: 'install', flags: ['--ignore-scripts', '--no-audit', '--no-fund'] },
  'pnpm@9': { bin: 'bin/pnpm.cjs', add: 'add', flags: ['--ignore-scripts'] },
  'pnpm@10': { bin: 'bin/pnpm.cjs', add: 'add', flags: ['--ignore-scripts'] },
  'yarn@1': { bin: 'bin/yarn.js', add: 'add', flags: ['--ignore-scripts', '--ignore-engines'] },
  // Its default is Plug'n'Play, without a node_modules.
  '@yarnpkg/cli-dist@4': { bin: 'bin/yarn.js', add: 'add', flags: ['--mode=skip-build'], node: ['node'] },
};

const nest11 = {
  '@nestjs/common': '^11.0.0',
  '@nestjs/core': '^11.0.0',
  '@nestjs/typeorm': '^11.0.0',
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.0',
  typeorm: '^0.3.31',
};
const nest12 = {
  ...nest11,
  '@nestjs/common': '^12.0.0',
  '@nestjs/core': '^12.0.0',
  '@nestjs/typeorm': '^12.0.0',
  typeorm: '^1.0.0',
};

/**
 * What a project has before, and the one of its packages that brings NestJS and TypeORM where it names neither. Yarn
 * installs no peers, ours as little as those of @nestjs/typeorm, so with it they are named all the same.
 */
const projects = {
  typeorm: { has: { '@nestjs/typeorm': '^11.0.0' }, from: '@nestjs/typeorm' },
  vendure: { has: { '@vendure/core': '^3.0.0' }, from: '@vendure/core' },
  nest11: { has: nest11 },
  nest12: { has: nest12 },
  'cls6.2': { has: { ...nest11, 'nestjs-cls': '~6.2.0' } },
  cls7: { has: { ...nest11, 'nestjs-cls': '^7.0.0' } },
};

const { values: options } = parseArgs({
  options: {
    managers: { type: 'string', default: Object.keys(managers).join() },
    projects: { type: 'string', default: Object.keys(projects).join() },
    package: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'audit-install-'));
const table = {};
try {
  const npm = (...args) => run(repository, 'npm', args);
  if (!options.package) await must(npm('pack', '--silent', '--pack-destination', folder));
  const packed = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  const tarball = resolve(options.package ?? join(folder, packed));
  const wanted = options.managers.split(',');
  const tools = wanted.map((name) => `${aliasOf(name)}@npm:${name}`);
  await must(npm('install', '--prefix', join(folder, 'tools'), '--no-audit', '--no-fund', ...tools));
  for (const project of options.projects.split(',')) {
    table[project] = {};
    for (const manager of wanted) {
      const began = Date.now();
      table[project][manager] = await cell(manager, project, tarball);
      const seconds = Math.round((Date.now() - began) / 1000);
      console.error(`${project}, ${manager}: ${table[project][manager]} (${seconds} s)`);
    }
  }
} finally {
  if (options.keep) console.error(`Kept in ${folder}`);
  else await rm(folder, { recursive: true });
}
console.table(table);
const isRight = (text) => text.startsWith('ok');
process.exit(Object.values(table).flatMap(Object.values).every(isRight) ? 0 : 1);

async function cell(manager, name, tarball) {
  const { bin, add, flags, node } = managers[manager];
  const isYarn = manager.includes('yarn');
  const { has, from = '' } = isYarn ? { has: { ...nest11, ...projects[name].has } } : projects[name];
  const project = join(folder, `${name}-${aliasOf(manager)}`);
  await mkdir(project);
  await cp(join(here, 'install'), project, { recursive: true });
  const dependencies = { 'sql.js': '^1.11.0', ...has };
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, dependencies }));
  // Or yarn takes the folder for a part of a project above it.
  if (isYarn) await writeFile(join(project, 'yarn.lock'), '');
  const tool = join(folder, 'tools', 'node_modules', aliasOf(manager), bin);
  const wanted = [`nestjs-typeorm-audit@file:${tarball}`, ...('nestjs-cls' in has ? [] : ['nestjs-cls'])];
  try {
    await must(run(project, process.execPath, [tool, 'install', ...flags]));
    const added = await run(project, process.execPath, [tool, add, ...flags, ...wanted]);
    if (added.code !== 0) return `can't be installed: ${firstError(added.output)}`;
    const peers = await unmetPeers(manager, project, tool, added.output);
    if (peers.length > 0) return `unmet peers: ${peers.join(', ')}`;
    const notes = [];
    for (const script of ['records.cjs', 'records.mjs']) {
      const play = (mode) =>
        run(project, process.execPath, [...(node ? [tool, ...node] : []), script, from, mode]);
      const audited = await play('audited');
      if (audited.code === 0) continue;
      // Where the project can't load NestJS or nestjs-cls itself, it can't load us.
      if ((await play('plain')).code === 0) return `${script} fails: ${firstError(audited.output)}`;
      notes.push(`${script} can't run without us either`);
    }
    return ['ok', ...notes].join('; ');
  } finally {
    if (!options.keep) await rm(project, { recursive: true });
  }
}

/** The peers of ours of which the package manager says that the project lacks them, or has them in a wrong version. */
async function unmetPeers(manager, project, tool, output) {
  const ours = 'nestjs-typeorm-audit';
  if (manager.startsWith('npm')) {
    const { stdout } = await run(project, process.execPath, [tool, 'ls', '--all', '--json']);
    const { problems = [] } = JSON.parse(stdout);
    return problems.filter((problem) => problem.includes(ours));
  }
  const patterns = {
    'pnpm@9': /(?:unmet|missing) peer (@?[\w./-]+)/,
    'pnpm@10': /(?:unmet|missing) peer (@?[\w./-]+)/,
    'yarn@1': /nestjs-typeorm-audit@.*" has (?:unmet|incorrect) peer dependency "(@?[^@"]+)@/,
    '@yarnpkg/cli-dist@4':
      /(?:doesn't provide (@?[\w./-]+).*nestjs-typeorm-audit|(@?[\w./-]+) is listed by your project .*nestjs-typeorm-audit)/,
  };
  // pnpm prints a tree: what a package lacks stands beneath it.
  const text = manager.startsWith('pnpm')
    ? (/[├└]─┬ nestjs-typeorm-audit [^]*/.exec(output)?.[0] ?? '')
    : output;
  const branch = manager.startsWith('pnpm') ? text.split(/\n[├└]/)[0] : text;
  return branch.split('\n').flatMap((line) => {
    const found = patterns[manager].exec(line);
    return found ? [found[1] ?? found[2]] : [];
  });
}

function aliasOf(name) {
  return name.replace(/^@/, '').replace(/\W/g, '-');
}

function firstError(output) {
  const lines = output.split('\n').filter((line) => line.trim());
  return (
    lines.find((line) => /Error\b.*:|ERR!|ERESOLVE|cannot find/i.test(line)) ??
    lines.at(-1) ??
    'nothing was said'
  ).trim();
}

/** All that a command prints, and the code with which it ends. */
function run(cwd, command, args) {
  // Left by the `npm run` that we run in, they would make the others install into our own folder, or with our settings.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const own = { CI: 'true', YARN_ENABLE_IMMUTABLE_INSTALLS: 'false', YARN_ENABLE_TELEMETRY: '0' };
  return new Promise((end) => {
    execFile(
      command,
      args,
      { cwd, env: { ...env, ...own }, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) =>
        end({ code: error ? (error.code ?? 1) : 0, stdout, output: `${stdout}\n${stderr}` }),
    );
  });
}

async function must(running) {
  const { code, output } = await running;
  if (code !== 0) throw new Error(output);
}
