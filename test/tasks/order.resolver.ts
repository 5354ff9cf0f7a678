import { Field, Int, ObjectType, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { InjectRepository } from '@nestjs/typeorm';
import DataLoader from 'dataloader';
import { HistoryService, type Revision } from 'nestjs-typeorm-audit';
import { type Repository } from 'typeorm';
import { Order } from './shop.js';

@ObjectType()
export class OrderModel {
  @Field(() => Int) id: number;
}

@Resolver(() => OrderModel)
export class OrderResolver {
  constructor(
    private readonly history: HistoryService,
    @InjectRepository(Order) private readonly orders: Repository<Order>,
  ) {}

  @Query(() => [OrderModel], { name: 'orders' })
  all() {
    return this.orders.find();
  }

  private readonly newest = new DataLoader(
    async (ids: readonly number[]): Promise<(Revision<Order> | null)[]> => {
      const found = await this.history.latest(Order, ids);
      return ids.map((id) => found.get(id) ?? null);
    },
    { cache: false },
  );

  @ResolveField(() => String, { nullable: true })
  async lastChangedBy(@Parent() { id }: OrderModel) {
    return (await this.newest.load(id))?.actor;
  }
}
