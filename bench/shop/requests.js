/** What the shop itself refuses: nobody's fault. */
export class Refused extends Error {}

export const PRODUCTS = 40;
export const STOCK = 100_000;

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const between = (from, to) => from + Math.floor(Math.random() * (to - from + 1));

/** What shoppers and administrators ask of the shop. Whoever writes several products takes them in their order. */
export function shopRequests(dataSource, { Product, BasketItem, Order, OrderLine }) {
  const { manager } = dataSource;
  const products = [];

  async function open() {
    const rows = Array.from({ length: PRODUCTS }, (_, n) => ({
      name: `Product ${n}`,
      category: `shelf ${n % 4}`,
      price: 100 + n,
      stock: STOCK,
    }));
    products.push(...(await manager.save(Product, rows)).map(({ id }) => id));
  }

  async function add(shopper) {
    const product = { id: pick(products) };
    const item = await manager.findOneBy(BasketItem, { shopper, product });
    const quantity = between(1, 3);
    if (item) await manager.increment(BasketItem, { id: item.id }, 'quantity', quantity);
    else await manager.save(BasketItem, { shopper, product, quantity });
  }

  async function change(shopper) {
    const item = pick(await manager.findBy(BasketItem, { shopper }));
    if (!item) throw new Refused('the basket is empty');
    item.quantity = between(0, 5);
    await (item.quantity > 0 ? manager.save(BasketItem, item) : manager.delete(BasketItem, item.id));
  }

  function order(shopper) {
    return dataSource.transaction(async (own) => {
      const items = await own.find(BasketItem, { where: { shopper }, relations: { product: true } });
      if (items.length === 0) throw new Refused('the basket is empty');
      items.sort((one, other) => one.product.id - other.product.id);
      for (const { product, quantity } of items) {
        const { affected } = await own
          .createQueryBuilder()
          .update(Product)
          .set({ stock: () => `stock - ${quantity}` })
          .where('id = :id AND stock >= :quantity', { id: product.id, quantity })
          .execute();
        if (!affected) throw new Refused('it is sold out');
      }
      const lines = items.map(({ product, quantity }) => ({ product, quantity, price: product.price }));
      const total = lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
      await own.save(Order, { shopper, status: 'placed', total, lines });
      await own.delete(BasketItem, { shopper });
    });
  }

  async function pay(shopper) {
    const placed = await manager.findOneBy(Order, { shopper, status: 'placed' });
    if (!placed) throw new Refused('nothing is to be paid');
    const { affected } = await manager.update(Order, { id: placed.id, status: 'placed' }, { status: 'paid' });
    if (!affected) throw new Refused('it has been cancelled');
  }

  // Not the whole product: its stock may have changed since it was read.
  const reprice = () => manager.save(Product, { id: pick(products), price: between(50, 500) });

  const raise = () =>
    manager.update(Product, { category: `shelf ${between(0, 3)}` }, { price: () => 'price + 1' });
  const restock = () => manager.increment(Product, { id: pick(products) }, 'stock', 10);

  function cancel() {
    return dataSource.transaction(async (own) => {
      const placed = await own.findOne(Order, { where: { status: 'placed' }, order: { id: 'ASC' } });
      if (!placed) throw new Refused('nothing is to be cancelled');
      const { affected } = await own.update(
        Order,
        { id: placed.id, status: 'placed' },
        { status: 'cancelled' },
      );
      if (!affected) throw new Refused('it has been paid');
      const lines = await own.find(OrderLine, {
        where: { order: { id: placed.id } },
        relations: { product: true },
      });
      lines.sort((one, other) => one.product.id - other.product.id);
      for (const { product, quantity } of lines)
        await own.increment(Product, { id: product.id }, 'stock', quantity);
    });
  }

  /** What has left the stock has to be in orders. @returns faults */
  async function faults(restocked) {
    const [{ unsold }] = await dataSource.query('SELECT sum(stock) AS unsold FROM product');
    const [{ sold }] = await dataSource.query(
      'SELECT coalesce(sum(l.quantity), 0) AS sold FROM order_line l JOIN shop_order o ON o.id = l.order_id ' +
        "WHERE o.status <> 'cancelled'",
    );
    const missing = PRODUCTS * STOCK + restocked - Number(unsold) - Number(sold);
    return missing === 0 ? [] : [`${missing} pieces are neither in stock nor in orders`];
  }

  return {
    open,
    faults,
    shopper: [add, add, add, add, change, order, pay],
    administrator: [reprice, reprice, restock, cancel, raise],
    restock,
    pick,
  };
}
