import { attachAudit } from 'nestjs-typeorm-audit';
import { dataSource } from './data-source.js';

// The data source, its manager and its query builders are older than the library's wraps.
async function main(): Promise<void> {
  await dataSource.initialize();
  const { history } = attachAudit(dataSource);
  const guest = await dataSource.getRepository('Guest').save({ fullName: 'Ann' });
  await dataSource.getRepository('Guest').update(guest.id, { fullName: 'Ann Lee' });
  await dataSource.getRepository('Booking').save({ party: 2, guests: [guest] });
  await dataSource.getRepository('tag').insert({ id: 1 });
  const { items } = await history.feed();
  console.log(JSON.stringify(items.map(({ operation }) => operation).reverse()));
  await dataSource.destroy();
}

void main();
