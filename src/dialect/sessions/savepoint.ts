import { randomBytes } from 'node:crypto';
import { type QueryRunner } from 'typeorm';

/**
 * Runs a function in a savepoint of the transaction that is open: what fails leaves the transaction as it was. No
 * subscriber is told, as TypeORM's own savepoints would.
 *
 * @param isTakenBack takes back what was written, at the end
 */
export async function inSavepoint<T>(
  queryRunner: QueryRunner,
  isTakenBack: boolean,
  fn: () => Promise<T>,
): Promise<T> {
  // MySQL lets a savepoint of the same name take the place of the one around it.
  const name = `audit_${randomBytes(6).toString('hex')}`;
  const rollBack = (): Promise<unknown> => queryRunner.query(`ROLLBACK TO SAVEPOINT ${name}`);
  await queryRunner.query(`SAVEPOINT ${name}`);
  try {
    const result = await fn();
    if (isTakenBack) await rollBack();
    await queryRunner.query(`RELEASE SAVEPOINT ${name}`);
    return result;
  } catch (error) {
    // The first error says what happened.
    await rollBack().catch(() => undefined);
    throw error;
  }
}
