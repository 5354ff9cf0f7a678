import { describe, expect, it } from '@jest/globals';
import { type DataSourceOptions } from 'typeorm';
import { expectHistory, live, openLife } from '../../support/worlds/compact-life.js';
import { type DatabaseName, databasesOfThisRun } from '../../support/servers/databases.js';

/** What a data source is given, or a change of how it reaches its database. */
type Change = object | ((options: DataSourceOptions) => object);

const silent = { log: () => undefined, logQuery: () => undefined, logQueryError: () => undefined };
const quiet = {
  ...silent,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
};

const everywhere: Record<string, Change> = {
  'logging, maxQueryExecutionTime and entitySkipConstructor': {
    logging: 'all',
    logger: quiet,
    maxQueryExecutionTime: 1,
    entitySkipConstructor: true,
  },
  "relationLoadStrategy: 'query'": { relationLoadStrategy: 'query' },
};

// The type stays outside, and all else is of a server.
const replication: Change = ({ type: _, ...server }) => {
  const reached = 'url' in server ? { url: server.url } : server;
  return { url: undefined, replication: { master: reached, slaves: [reached] } };
};

const ofServers: Record<string, Change> = {
  replication: replication,
  // The query result cache makes a table of its own.
  'cache: true': { cache: true, synchronize: true },
};

const ofMysql: Record<string, Change> = {
  'a pool of one': { extra: { connectionLimit: 1 } },
  "dateStrings and timezone: '+05:30'": { dateStrings: true, timezone: '+05:30' },
  "timezone: 'Z'": { timezone: 'Z' },
  'supportBigNumbers and bigNumberStrings': { supportBigNumbers: true, bigNumberStrings: true },
  'supportBigNumbers and decimalNumbers': {
    supportBigNumbers: true,
    bigNumberStrings: false,
    extra: { decimalNumbers: true },
  },
  'multipleStatements, namedPlaceholders and -FOUND_ROWS': {
    multipleStatements: true,
    extra: { namedPlaceholders: true },
    flags: ['-FOUND_ROWS'],
  },
};

const options: Record<DatabaseName, Record<string, Change>> = {
  sqlite: {
    ...everywhere,
    'cache: true': { cache: true },
    'statementCacheSize: 1': { statementCacheSize: 1 },
  },
  postgres: {
    ...everywhere,
    ...ofServers,
    'poolSize: 1': { poolSize: 1 },
    'extra.max: 1 and parseInt8': { extra: { max: 1 }, parseInt8: true },
    'pipeline: true': { extra: { pipeline: true } },
  },
  mariadb: { ...everywhere, ...ofServers, ...ofMysql },
  mysql: { ...everywhere, ...ofServers, ...ofMysql },
};

describe.each(databasesOfThisRun())('data-source options (%s)', (name) => {
  it.each(Object.entries(options[name]))('records, and changes nothing, with %s', async (_, change) => {
    const given = typeof change === 'function' ? (change as (o: DataSourceOptions) => object) : () => change;
    const plain = await openLife(name, given, false);
    const audited = await openLife(name, given, {});
    try {
      expect(await live(audited)).toEqual(await live(plain));
      await expectHistory(audited);
    } finally {
      await plain.close();
      await audited.close();
    }
  });
});
