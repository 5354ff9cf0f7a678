import {
  type EntitySubscriberInterface,
  EventSubscriber,
  type InsertEvent,
  type RemoveEvent,
  type UpdateEvent,
} from 'typeorm';
import { Account } from '../entities/accounts.js';

type Event = InsertEvent<Account> | UpdateEvent<Account> | RemoveEvent<Account>;
export type HookName =
  'beforeInsert' | 'afterInsert' | 'beforeUpdate' | 'afterUpdate' | 'beforeRemove' | 'afterRemove';

let onHook: ((name: HookName, event: Event) => unknown) | undefined;

/** What the hooks of accounts do from now on; nothing if none is given. What they do themselves has no hooks. */
export function onAccountHook(fn?: (name: HookName, event: Event) => unknown): void {
  onHook = fn;
}

async function tell(name: HookName, event: Event): Promise<void> {
  const fn = onHook;
  onHook = undefined;
  try {
    await fn?.(name, event);
  } finally {
    onHook = fn;
  }
}

/** Tells a test of the hooks of accounts. */
@EventSubscriber()
export class AccountHooks implements EntitySubscriberInterface<Account> {
  listenTo(): typeof Account {
    return Account;
  }
  beforeInsert(event: InsertEvent<Account>): Promise<void> {
    return tell('beforeInsert', event);
  }
  afterInsert(event: InsertEvent<Account>): Promise<void> {
    return tell('afterInsert', event);
  }
  beforeUpdate(event: UpdateEvent<Account>): Promise<void> {
    return tell('beforeUpdate', event);
  }
  afterUpdate(event: UpdateEvent<Account>): Promise<void> {
    return tell('afterUpdate', event);
  }
  beforeRemove(event: RemoveEvent<Account>): Promise<void> {
    return tell('beforeRemove', event);
  }
  afterRemove(event: RemoveEvent<Account>): Promise<void> {
    return tell('afterRemove', event);
  }
}
