// One version of an application, a process of its own: writes the rows of a table without end, each write of one column.
// Arguments: the built library, or nothing; TypeORM's options; the entity's columns; the columns to write; a name.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const [library, typeorm, options, columns, writable, name] = process.argv.slice(2);
const { DataSource, EntitySchema } = createRequire(typeorm)('typeorm');

class Item {}
const schema = new EntitySchema({
  name: 'Item',
  target: Item,
  tableName: 'item',
  columns: JSON.parse(columns),
});
let context = { run: (_, fn) => fn() };
const audit = library ? await import(pathToFileURL(library).href) : undefined;
audit?.Audited()(Item);
const dataSource = await new DataSource({ ...JSON.parse(options), entities: [schema] }).initialize();
if (audit) {
  const attached = audit.attachAudit(dataSource, { checkTables: 'warn' });
  // As the module does at start.
  await attached.checkTables();
  ({ context } = attached);
}

const ROWS = 20;
const WRITERS = 4;
const items = dataSource.getRepository(Item);
const names = JSON.parse(writable);
const done = [];
const errors = [];
let isRunning = true;
let n = 0;

const random = (limit) => Math.floor(Math.random() * limit);

async function write() {
  const id = 1 + random(ROWS);
  const column = names[random(names.length)];
  const value = `${name}-${++n}`;
  const reason = `${value} ${column}`;
  const change = { [column]: value };
  try {
    await context.run({ actor: name, reason }, async () => {
      if (random(2)) await items.update(id, change);
      else await items.save({ id, ...change });
    });
    done.push({ id, column, reason });
  } catch (error) {
    errors.push(error.message);
    await sleep(20);
  }
}

process.on('message', async (message) => {
  if (message === 'stop') isRunning = false;
});
process.send('started');
await Promise.all(
  Array.from({ length: WRITERS }, async () => {
    while (isRunning) await write();
  }),
);
await dataSource.destroy();
process.send({ done, errors }, () => process.exit(0));
