import { type Ask, type Session } from './session.js';
import { type TransactionCommand, transactionCommands } from './transaction-commands.js';

const IN_TRANSACTION = 1;
const AUTOCOMMIT = 2;
// The most results of several statements in one text. A longer array is rows of a SELECT, which have no status.
const MOST_RESULTS = 20;

// The statements with an implicit commit. CREATE and DROP TEMPORARY TABLE have none.
const COMMITS =
  /(?:^|;)\s*(?:(?:alter|create(?!\s+temporary)|drop(?!\s+temporary)|truncate|rename|grant|revoke|(?:un)?lock\s+tables?|(?:analyze|check|optimize|repair)\s+table)\b|set\b[^;]*\bautocommit\s*:?=\s*(?:1|on|true)\b)/i;

/** The result of mysql2 for a statement without rows. */
interface Header {
  readonly serverStatus: number;
  readonly stateChanges?: { readonly schema: string | null };
}

/** Reads the status that MySQL and MariaDB send with the results of writes and SET, but not with rows. */
export class MysqlSession implements Session {
  // Always false: under SERIALIZABLE every read takes locks anyway, so we need no special reads.
  readonly isSerializable = false;
  keepsStatements = true;
  private status: number | undefined;

  commandsIn(text: string): readonly TransactionCommand[] {
    const commands = transactionCommands(text);
    if (commands.length === 0) return COMMITS.test(text) ? [{ kind: 'implicit commit' }] : commands;
    // BEGIN commits an open transaction.
    return commands.flatMap((command) =>
      command.kind === 'begin' ? [{ kind: 'commit' as const }, command] : [command],
    );
  }

  noteResult(text: string, result: unknown): boolean {
    // A prepared statement stays bound to the database that was current when it was prepared.
    if (/(?:^|;)\s*use\s/i.test(text)) this.keepsStatements = false;
    const header = headerIn(result);
    if (!header) {
      if (transactionCommands(text).length > 0) this.status = undefined;
      return false;
    }
    this.status = header.serverStatus;
    if (header.stateChanges?.schema) this.keepsStatements = false;
    return (this.status & IN_TRANSACTION) === 0;
  }

  noteError(): void {
    // A deadlock ends the transaction, and a lock wait timeout may. Outside of a transaction an error changes nothing.
    if (this.status === undefined || this.wouldBeIn(this.status)) this.status = undefined;
  }

  isInTransaction(ask: Ask): boolean | Promise<boolean> {
    return this.status !== undefined ? this.wouldBeIn(this.status) : this.askStatus(ask);
  }

  async survives(ask: Ask): Promise<boolean> {
    await this.askStatus(ask);
    return this.status !== undefined && (this.status & IN_TRANSACTION) !== 0;
  }

  private async askStatus(ask: Ask): Promise<boolean> {
    this.noteResult('DO 0', await ask('DO 0'));
    return this.status !== undefined && this.wouldBeIn(this.status);
  }

  // With autocommit off the next statement begins a transaction, which the status doesn't show before.
  private wouldBeIn(status: number): boolean {
    return (status & IN_TRANSACTION) !== 0 || (status & AUTOCOMMIT) === 0;
  }
}

/** Removes the open transaction from the status of a result. */
export function hideTransaction(result: unknown): void {
  if (isHeader(result)) Object.assign(result, { serverStatus: result.serverStatus & ~IN_TRANSACTION });
}

function headerIn(result: unknown): Header | undefined {
  if (isHeader(result)) return result;
  return Array.isArray(result) && result.length <= MOST_RESULTS ? result.findLast(isHeader) : undefined;
}

// A row may have a column serverStatus, but is a plain object.
function isHeader(value: unknown): value is Header {
  return (
    typeof value === 'object' &&
    value !== null &&
    value.constructor?.name === 'ResultSetHeader' &&
    typeof (value as Header).serverStatus === 'number'
  );
}
