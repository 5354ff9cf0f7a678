import { allItems } from '../arguments/all-items.js';
import { type Reading } from '../revisions/reading.js';
import {
  type EventFeedOptions,
  type FeedItem,
  type FeedOptions,
  type ReadFeed,
  type ReadTransaction,
  type TransactionOptions,
} from '../types/feed.js';
import { readFeed } from './feed.js';
import { readTransactionPage } from './transaction.js';

/** @param reading of one call */
export function feedReader(reading: () => Promise<Reading>): ReadFeed {
  const read = async (options: FeedOptions | EventFeedOptions = {}) => readFeed(await reading(), options);
  const all = (options: FeedOptions | EventFeedOptions = {}) =>
    allItems<FeedItem, FeedOptions | EventFeedOptions>(options, read);
  // Without `events` all items are revisions.
  return Object.assign(read, { all }) as ReadFeed;
}

/** @param reading of one call */
export function transactionReader(reading: () => Promise<Reading>): ReadTransaction {
  const read = async (id: string, options: TransactionOptions = {}) =>
    readTransactionPage(await reading(), id, options);
  return Object.assign(read, {
    all: (id: string, options: TransactionOptions = {}) => allItems(options, (page) => read(id, page)),
  });
}
