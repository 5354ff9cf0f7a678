import { type EntityManager } from 'typeorm';

/**
 * Whether the server refuses a write, with audit and without, that finds a row newer than its transaction's snapshot:
 * MariaDB's `innodb_snapshot_isolation`, on by default from 11.6.2 on.
 */
export async function guardsSnapshots(manager: EntityManager): Promise<boolean> {
  if (manager.connection.options.type === 'postgres') return false;
  const rows = await manager.query<{ Value: string }[]>("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'");
  return rows[0]?.Value === 'ON';
}

/** Lets a session write rows that are newer than its snapshot, as all servers but that one do. */
export async function allowOldSnapshots(manager: EntityManager): Promise<void> {
  if (await guardsSnapshots(manager)) await manager.query('SET SESSION innodb_snapshot_isolation = OFF');
}
