import { randomBytes } from 'node:crypto';
import { type QueryRunner } from 'typeorm';

/**
 * Runs a function in a savepoint of the open transaction. If the function fails, the transaction is as before.
 * Subscribers are not told, as they would be by TypeORM's own savepoints.
 *
 * @param isTakenBack rolls back to the savepoint at the end
 */
export async function inSavepoint<T>(
  queryRunner: QueryRunner,
  isTakenBack: boolean,
  fn: () => Promise<T>,
): Promise<T> {
  // A name of its own, because on MySQL a savepoint replaces an outer one of the same name.
  const name = `audit_${randomBytes(6).toString('hex')}`;
  const rollBack = (): Promise<unknown> => queryRunner.query(`ROLLBACK TO SAVEPOINT ${name}`);
  await queryRunner.query(`SAVEPOINT ${name}`);
  try {
    const result = await fn();
    if (isTakenBack) await rollBack();
    await queryRunner.query(`RELEASE SAVEPOINT ${name}`);
    return result;
  } catch (error) {
    // The first error is the one to throw.
    await rollBack().catch(() => undefined);
    throw error;
  }
}
