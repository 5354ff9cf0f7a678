import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AuditContext, HistoryService } from 'nestjs-typeorm-audit';
import { type Repository } from 'typeorm';
import { Order, OrderLine, Price } from './shop.js';

// docs/tasks.md shows these methods.

@Injectable()
export class Questions {
  constructor(
    private readonly history: HistoryService,
    private readonly audit: AuditContext,
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    @InjectRepository(Price) private readonly prices: Repository<Price>,
  ) {}

  async lastChanges(ids: number[]) {
    const newest = await this.history.latest(Order, ids);
    return ids.map((id) => ({ id, actor: newest.get(id)?.actor, at: newest.get(id)?.createdAt }));
  }

  async cancelledAfterPayment(from: Date, to: Date) {
    const changed = { status: { from: 'paid', to: 'cancelled' } };
    const { items } = await this.history.feed({ entities: [Order], changed, from, to });
    return items.map(({ entityId, actor, reason }) => ({ id: entityId, actor, reason }));
  }

  async openOrders(at: Date) {
    const orders = await this.history.at(at).find(Order, {
      where: { status: 'open' },
      relations: { customer: true, lines: true },
      order: { id: 'ASC', lines: { id: 'ASC' } },
    });
    return orders
      .flatMap(({ id, customer, lines }) => lines.map((line) => [id, customer.name, line.sku, line.count]))
      .map((row) => row.join())
      .join('\n');
  }

  async difference(id: number, from: number, to: number) {
    const changes = await this.history.diff(Order, id, from, to);
    const texts = changes.map((change) => `${change.property} ${change.from} → ${change.to}`);
    return `Order ${id}: ${texts.join(', ')}`;
  }

  async raiseAll(reason: string) {
    await this.audit.run({ reason }, () =>
      this.orders
        .createQueryBuilder()
        .update()
        .set({ total: () => 'total + 1' })
        .execute(),
    );
  }

  async *changedFor(reason: string) {
    const revisions = this.history.feed.all({ entities: [Order], reason });
    for await (const { entityId, changes } of revisions) yield { id: entityId, changes };
  }

  async actionsOf(actor: string) {
    const from = new Date(Date.now() - 90 * 24 * 60 * 60 * 1000);
    const items = [];
    for await (const item of this.history.feed.all({ actor, from, events: true }))
      items.push(item.kind === 'event' ? item.action : `${item.operation} of ${item.entity}`);
    return items;
  }

  async doneBy(request: string) {
    const { items } = await this.history.feed({ request });
    return this.history.describe(items);
  }

  async setPrice(sku: string, cents: number, reason?: string) {
    await this.audit.run({ reason }, () => this.prices.save({ sku, cents }));
  }

  async alertOutsideHours(since: Date, alert: (sentence: string) => void) {
    const { items } = await this.history.feed({ entities: [Price], from: since, limit: 200 });
    const late = items.filter(({ createdAt }) => createdAt.getHours() < 7 || createdAt.getHours() >= 19);
    for (const sentence of await this.history.describe(late)) alert(sentence);
  }

  async seed(orders: Partial<Order>[]) {
    await this.audit.without(() => this.orders.insert(orders));
    const { items } = await this.history.feed({ action: 'audit.skipped', events: true });
    return items.map((item) => (item.kind === 'event' ? [item.actor, item.entity, item.details] : []));
  }

  async linesBack(order: number) {
    const deleted = { operation: 'delete', changed: { order: { from: order } } } as const;
    const { items } = await this.history.feed({ entities: [OrderLine], ...deleted, limit: 1 });
    return this.history.undo(items[0].transaction);
  }
}
