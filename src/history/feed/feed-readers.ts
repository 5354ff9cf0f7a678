import { allItems } from '../arguments/all-items.js';
import { type Reading } from '../revisions/reading.js';
import {
  type FeedOptions,
  type ReadFeed,
  type ReadTransaction,
  type TransactionOptions,
} from '../types/feed.js';
import { readFeed, readTransactionPage } from './feed.js';

/** @param reading of one call */
export function feedReader(reading: () => Promise<Reading>): ReadFeed {
  const read = async (options: FeedOptions = {}) => readFeed(await reading(), options);
  return Object.assign(read, { all: (options: FeedOptions = {}) => allItems(options, read) }) as ReadFeed;
}

/** @param reading of one call */
export function transactionReader(reading: () => Promise<Reading>): ReadTransaction {
  const read = async (id: string, options: TransactionOptions = {}) =>
    readTransactionPage(await reading(), id, options);
  return Object.assign(read, {
    all: (id: string, options: TransactionOptions = {}) => allItems(options, (page) => read(id, page)),
  });
}
