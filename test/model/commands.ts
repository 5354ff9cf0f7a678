import { type EntityManager } from 'typeorm';
import { Customer, Line, Note, Purchase, Tag } from '../support/entities/shop.js';
import { type Model, type Row } from './model.js';

/** One write: to the database by TypeORM, and to the model by hand. It picks its rows and values by two numbers. */
export type Command = (db: EntityManager, model: Model, pick: number, value: number) => Promise<void>;

const at = <T>(rows: T[], n: number): T | undefined => (rows.length > 0 ? rows[n % rows.length] : undefined);
const living = (model: Model): Row[] => model.rows('customer').filter((row) => !row.deletedAt);
const id = (row: Row): number => row.id as number;
const ref = (value: unknown): { id: number } | null => (value === null ? null : { id: value as number });

export const commands: Record<string, Command> = {
  async 'save a new customer'(db, model, pick, value) {
    const manager = at(living(model), pick);
    const saved = await db.save(Customer, {
      name: `c${value}`,
      manager: manager && pick % 2 ? { id: id(manager) } : null,
    });
    model.put('customer', {
      id: saved.id,
      name: `c${value}`,
      managerId: manager && pick % 2 ? id(manager) : null,
      deletedAt: false,
    });
  },
  async 'save a changed customer'(db, model, pick, value) {
    const row = at(living(model), pick);
    if (!row) return;
    const customer = await db.findOneByOrFail(Customer, { id: id(row) });
    customer.name = `c${value}`;
    await db.save(customer);
    model.put('customer', { ...row, name: `c${value}` });
  },
  async 'save an unchanged customer'(db, model, pick) {
    const row = at(living(model), pick);
    if (row) await db.save(await db.findOneByOrFail(Customer, { id: id(row) }));
  },
  async 'save a partial customer with another manager'(db, model, pick, value) {
    const row = at(living(model), pick);
    const manager = at(living(model), value);
    if (!row || !manager) return;
    await db.save(Customer, { id: id(row), manager: { id: id(manager) } });
    model.put('customer', { ...row, managerId: id(manager) });
  },
  async 'save several customers at once'(db, model, pick, value) {
    const row = at(living(model), pick);
    const names = [`a${value}`, `b${value}`];
    const saved = await db.save(Customer, [
      ...names.map((name) => ({ name })),
      ...(row ? [{ id: id(row), name: `z${value}` }] : []),
    ]);
    names.forEach((name, n) =>
      model.put('customer', { id: saved[n].id, name, managerId: null, deletedAt: false }),
    );
    if (row) model.put('customer', { ...row, name: `z${value}` });
  },
  async 'remove a customer'(db, model, pick) {
    const row = at(living(model), pick);
    if (!row) return;
    await db.remove(await db.findOneByOrFail(Customer, { id: id(row) }));
    model.delete('customer', (other) => other.id === row.id);
  },
  async 'soft-remove a customer'(db, model, pick) {
    const row = at(living(model), pick);
    if (!row) return;
    await db.softRemove(await db.findOneByOrFail(Customer, { id: id(row) }));
    model.put('customer', { ...row, deletedAt: true });
  },
  async 'recover a customer'(db, model, pick) {
    const row = at(
      model.rows('customer').filter((other) => other.deletedAt),
      pick,
    );
    if (!row) return;
    await db.recover(await db.findOneOrFail(Customer, { where: { id: id(row) }, withDeleted: true }));
    model.put('customer', { ...row, deletedAt: false });
  },
  async 'soft-delete customers by criteria'(db, model, _, value) {
    const name = `c${value}`;
    await db.softDelete(Customer, { name });
    model.update(
      'customer',
      (row) => row.name === name,
      () => ({ deletedAt: true }),
    );
  },
  async 'restore customers by criteria'(db, model, _, value) {
    const name = `c${value}`;
    await db.restore(Customer, { name });
    model.update(
      'customer',
      (row) => row.name === name,
      () => ({ deletedAt: false }),
    );
  },
  async 'delete a customer by id'(db, model, pick) {
    const row = at(model.rows('customer'), pick);
    if (!row) return;
    await db.delete(Customer, id(row));
    model.delete('customer', (other) => other.id === row.id);
  },
  async 'insert tags'(db, model, pick, value) {
    const names = [`t${value}`, `u${pick}`].filter((name) => !model.get('tag', name));
    if (names.length === 0) return;
    await db.insert(
      Tag,
      names.map((name) => ({ name, label: 'new' })),
    );
    for (const name of names) model.put('tag', { name, label: 'new' });
  },
  async 'upsert tags'(db, model, pick, value) {
    const rows = [...new Set([`t${value}`, `u${pick}`])].map((name) => ({ name, label: `l${pick % 3}` }));
    await db.upsert(Tag, rows, ['name']);
    for (const row of rows) model.put('tag', row);
  },
  async 'insert tags or ignore'(db, model, pick, value) {
    const rows = [...new Set([`t${value}`, `u${pick}`])].map((name) => ({ name, label: 'ignored' }));
    await db.createQueryBuilder().insert().into(Tag).values(rows).orIgnore().execute();
    for (const row of rows) if (!model.get('tag', row.name)) model.put('tag', row);
  },
  async 'delete tags by criteria'(db, model, _, value) {
    await db.delete(Tag, { label: `l${value % 3}` });
    model.delete('tag', (row) => row.label === `l${value % 3}`);
  },
  async 'save a new purchase with lines'(db, model, pick, value) {
    const customer = at(living(model), pick);
    const lines = [0, 1].map((position) => ({ sku: `s${value}-${pick}`, position, quantity: value }));
    if (lines.some(({ sku, position }) => model.get('line', sku, position))) return;
    const saved = await db.save(Purchase, {
      total: value,
      customer: customer ? { id: id(customer) } : null,
      lines: lines.map((line) => ({ ...line })),
    });
    model.put('purchase', { id: saved.id, total: value, customerId: customer ? id(customer) : null });
    for (const line of lines) model.put('line', { ...line, purchaseId: saved.id });
  },
  async 'replace the lines of a purchase'(db, model, pick, value) {
    const row = at(model.rows('purchase'), pick);
    if (!row) return;
    const purchase = await db.findOneOrFail(Purchase, { where: { id: id(row) }, relations: { lines: true } });
    const line = { sku: `r${value}-${id(row)}`, position: 9, quantity: value };
    const kept = purchase.lines
      .slice(0, 1)
      .filter(({ sku, position }) => sku !== line.sku || position !== line.position);
    purchase.lines = [...kept, db.create(Line, line)];
    await db.save(purchase);
    const keeps = (other: Row): boolean =>
      kept.some(({ sku, position }) => other.sku === sku && other.position === position);
    model.delete('line', (other) => other.purchaseId === row.id && !keeps(other));
    model.put('line', { ...line, purchaseId: row.id });
  },
  async 'update lines by an expression'(db, model, pick) {
    const row = at(model.rows('purchase'), pick);
    if (!row) return;
    await db
      .createQueryBuilder()
      .update(Line)
      .set({ quantity: () => 'quantity * 2' })
      .where('purchaseId = :id', { id: id(row) })
      .execute();
    model.update(
      'line',
      (other) => other.purchaseId === row.id,
      (other) => ({ quantity: (other.quantity as number) * 2 }),
    );
  },
  async 'increment totals'(db, model, pick, value) {
    await db.increment(Purchase, { total: value }, 'total', pick);
    model.update(
      'purchase',
      (row) => row.total === value,
      (row) => ({ total: (row.total as number) + pick }),
    );
  },
  async 'update a purchase by id'(db, model, pick, value) {
    const row = at(model.rows('purchase'), pick);
    if (!row) return;
    await db.update(Purchase, id(row), { total: value });
    model.put('purchase', { ...row, total: value });
  },
  async 'change the key of a line'(db, model, pick, value) {
    const row = at(model.rows('line'), pick);
    if (!row) return;
    const position = 100 + value;
    if (model.get('line', row.sku, position)) return;
    await db.update(Line, { sku: row.sku as string, position: row.position as number }, { position });
    model.update(
      'line',
      (other) => other.sku === row.sku && other.position === row.position,
      () => ({ position }),
    );
  },
  async 'remove a line'(db, model, pick) {
    const row = at(model.rows('line'), pick);
    if (!row) return;
    await db.remove(
      await db.findOneByOrFail(Line, { sku: row.sku as string, position: row.position as number }),
    );
    model.delete('line', (other) => other.sku === row.sku && other.position === row.position);
  },
  async 'delete purchases by a query builder'(db, model, _, value) {
    await db.createQueryBuilder().delete().from(Purchase).where('total = :value', { value }).execute();
    model.delete('purchase', (row) => row.total === value);
  },
  async 'set the tags of a purchase by save'(db, model, pick, value) {
    const row = at(model.rows('purchase'), pick);
    const tags = model.rows('tag').filter((_, n) => (n + value) % 2 === 0);
    if (!row) return;
    const purchase = await db.findOneOrFail(Purchase, { where: { id: id(row) }, relations: { tags: true } });
    purchase.tags = tags.map((tag) =>
      db.create(Tag, { name: tag.name as string, label: tag.label as string }),
    );
    await db.save(purchase);
    model.delete('purchase_tags', (other) => other.purchaseId === row.id);
    for (const tag of tags) model.put('purchase_tags', { purchaseId: row.id, tagName: tag.name });
  },
  async 'add or remove a tag by a relation builder'(db, model, pick, value) {
    const row = at(model.rows('purchase'), pick);
    const tag = at(model.rows('tag'), value);
    if (!row || !tag) return;
    const relation = db.createQueryBuilder().relation(Purchase, 'tags').of(id(row));
    if (model.get('purchase_tags', row.id, tag.name)) {
      await relation.remove(tag.name);
      model.delete('purchase_tags', (other) => other.purchaseId === row.id && other.tagName === tag.name);
    } else {
      await relation.add(tag.name);
      model.put('purchase_tags', { purchaseId: row.id, tagName: tag.name });
    }
  },
  async 'set the customer of a purchase by a relation builder'(db, model, pick, value) {
    const row = at(model.rows('purchase'), pick);
    const customer = at(living(model), value);
    if (!row) return;
    await db
      .createQueryBuilder()
      .relation(Purchase, 'customer')
      .of(id(row))
      .set(customer ? id(customer) : null);
    model.put('purchase', { ...row, customerId: customer ? id(customer) : null });
  },
  async 'give a customer notes and drop the others'(db, model, pick, value) {
    const row = at(living(model), pick);
    if (!row) return;
    const customer = await db.findOneOrFail(Customer, { where: { id: id(row) }, relations: { notes: true } });
    const kept = customer.notes.slice(0, 1);
    const fresh = { id: 1000 + value, text: `n${pick}` };
    const isNew = !model.get('note', fresh.id);
    customer.notes = [...kept, ...(isNew ? [db.create(Note, fresh)] : [])];
    await db.save(customer);
    model.update(
      'note',
      (other) => other.customerId === row.id && !kept.some((note) => note.id === other.id),
      () => ({ customerId: null }),
    );
    if (isNew) model.put('note', { ...fresh, customerId: row.id });
  },
  async 'write a row twice'(db, model, pick, value) {
    const row = at(model.rows('note'), pick);
    if (!row) return;
    await db.update(Note, id(row), { text: 'first' });
    await db.save(Note, { id: id(row), text: `n${value}`, customer: ref(row.customerId) });
    model.put('note', { ...row, text: `n${value}` });
  },
  async 'delete a note and insert it again'(db, model, pick, value) {
    const row = at(model.rows('note'), pick);
    if (!row) return;
    await db.delete(Note, { id: id(row) });
    await db.insert(Note, { id: id(row), text: `again${value}` });
    model.put('note', { id: row.id, text: `again${value}`, customerId: null });
  },
};
