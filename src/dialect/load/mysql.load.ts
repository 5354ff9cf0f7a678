import { type Load } from './load.js';

export const mysqlLoad: Load = {
  estimateRows: async (queryRunner, path) => {
    const [table, schema] = path.split('.').reverse();
    const [row] = (await queryRunner.query(
      'SELECT TABLE_ROWS AS number FROM information_schema.TABLES WHERE TABLE_SCHEMA = coalesce(?, DATABASE()) AND TABLE_NAME = ?',
      [schema ?? null, table],
    )) as { number: number | string | null }[];
    return Number(row?.number ?? 0) || undefined;
  },
};
