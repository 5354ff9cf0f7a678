import { assertOptions } from '../../option-names.js';
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
import { FEED_OPTIONS, TRANSACTION_OPTIONS } from './feed-request.js';
import { readTransactionPage } from './transaction.js';

/** @param reading of one call */
export function feedReader(reading: () => Promise<Reading>): ReadFeed {
  const read = async (options: FeedOptions | EventFeedOptions = {}) => {
    assertOptions('options', options, FEED_OPTIONS);
    return readFeed(await reading(), options);
  };
  const all = (options: FeedOptions | EventFeedOptions = {}) =>
    allItems<FeedItem, FeedOptions | EventFeedOptions>(options, FEED_OPTIONS, read);
  // Without `events` all items are revisions.
  return Object.assign(read, { all }) as ReadFeed;
}

/** @param reading of one call */
export function transactionReader(reading: () => Promise<Reading>): ReadTransaction {
  const read = async (id: string, options: TransactionOptions = {}) => {
    assertOptions('options', options, TRANSACTION_OPTIONS);
    return readTransactionPage(await reading(), id, options);
  };
  return Object.assign(read, {
    all: (id: string, options: TransactionOptions = {}) =>
      allItems(options, TRANSACTION_OPTIONS, (page) => read(id, page)),
  });
}
