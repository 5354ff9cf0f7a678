import { expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { historyOf } from '../../../src/history/history.js';
import { Reservation } from '../../support/entities/reservation.js';

async function withDataSource(fn: (dataSource: DataSource) => Promise<void> | void): Promise<void> {
  const dataSource = await new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Reservation],
  }).initialize();
  try {
    await fn(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

it('is one history for a data source and those that are derived from it', () =>
  withDataSource((dataSource) => {
    const derived = Object.create(dataSource) as DataSource;
    expect(historyOf(derived)).toBe(historyOf(dataSource));
  }));

it('is another history when the data source is initialised again', () =>
  withDataSource(async (dataSource) => {
    const before = historyOf(dataSource);
    await dataSource.destroy();
    await dataSource.initialize();
    expect(historyOf(dataSource)).not.toBe(before);
    expect(historyOf(dataSource).plans).not.toBe(before.plans);
  }));
