import 'reflect-metadata';
import { Column, Entity, Index, JoinColumn, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';

/** @import { AuditedDecorator } from '../types.js' */

/**
 * A small shop. JavaScript again, so that nothing has to be compiled.
 *
 * @param {AuditedDecorator} audited
 */
export function shopEntities(audited = () => undefined) {
  class Product {}
  PrimaryGeneratedColumn()(Product.prototype, 'id');
  Column({ type: 'varchar', length: 50 })(Product.prototype, 'name');
  Column({ type: 'varchar', length: 20 })(Product.prototype, 'category');
  Column({ type: 'int' })(Product.prototype, 'price');
  Column({ type: 'int' })(Product.prototype, 'stock');
  Entity({ name: 'product' })(Product);

  class BasketItem {}
  PrimaryGeneratedColumn()(BasketItem.prototype, 'id');
  Column({ type: 'int' })(BasketItem.prototype, 'shopper');
  Index('basket_item_shopper')(BasketItem.prototype, 'shopper');
  Column({ type: 'int' })(BasketItem.prototype, 'quantity');
  ManyToOne(() => Product)(BasketItem.prototype, 'product');
  JoinColumn({ name: 'product_id' })(BasketItem.prototype, 'product');
  Entity({ name: 'basket_item' })(BasketItem);

  class Order {}
  PrimaryGeneratedColumn()(Order.prototype, 'id');
  Column({ type: 'int' })(Order.prototype, 'shopper');
  Index('shop_order_shopper')(Order.prototype, 'shopper');
  Column({ type: 'varchar', length: 10 })(Order.prototype, 'status');
  Column({ type: 'int' })(Order.prototype, 'total');
  OneToMany(
    () => OrderLine,
    (/** @type {any} */ line) => line.order,
    { cascade: true },
  )(Order.prototype, 'lines');
  Entity({ name: 'shop_order' })(Order);

  class OrderLine {}
  PrimaryGeneratedColumn()(OrderLine.prototype, 'id');
  ManyToOne(
    () => Order,
    (/** @type {any} */ order) => order.lines,
    { onDelete: 'CASCADE' },
  )(OrderLine.prototype, 'order');
  JoinColumn({ name: 'order_id' })(OrderLine.prototype, 'order');
  ManyToOne(() => Product)(OrderLine.prototype, 'product');
  JoinColumn({ name: 'product_id' })(OrderLine.prototype, 'product');
  Column({ type: 'int' })(OrderLine.prototype, 'quantity');
  Column({ type: 'int' })(OrderLine.prototype, 'price');
  Entity({ name: 'order_line' })(OrderLine);

  for (const entity of [Product, BasketItem, Order, OrderLine]) audited(entity);
  return { Product, BasketItem, Order, OrderLine };
}
