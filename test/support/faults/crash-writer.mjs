// Writes without end to an audited table until it is killed. Arguments: the built library and TypeORM's options.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [library, options] = process.argv.slice(2);
const { Audited, attachAudit } = await import(pathToFileURL(library).href);
const { DataSource, EntitySchema } = createRequire(library)('typeorm');

const Account = new EntitySchema({
  name: 'Account',
  columns: { id: { type: Number, primary: true, generated: true }, balance: { type: Number } },
});
Audited()(Account);

const dataSource = new DataSource({ ...JSON.parse(options), entities: [Account] });
await dataSource.initialize();
attachAudit(dataSource, {});
const accounts = dataSource.getRepository('Account');

const writes = [
  () => accounts.save({ balance: 1 }),
  () => accounts.insert([{ balance: 2 }, { balance: 2 }]),
  () => accounts.update({ balance: 2 }, { balance: 3 }),
  async () => {
    const account = await accounts.findOneBy({ balance: 3 });
    if (account) await accounts.remove(account);
  },
  () =>
    dataSource.transaction(async (manager) => {
      await manager.save('Account', { balance: 4 });
      await manager.increment('Account', { balance: 4 }, 'balance', 1);
      await manager.delete('Account', { balance: 5 });
    }),
];
for (let n = 0; ; n++) {
  await writes[n % writes.length]();
  if (n === writes.length) process.stdout.write('writing\n');
}
