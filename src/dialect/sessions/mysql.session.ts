import { type Ask, type Session } from './session.js';
import { type TransactionCommand, transactionCommands } from './transaction-commands.js';

const IN_TRANSACTION = 1;
const AUTOCOMMIT = 2;
// Of the results of several statements; rows of a SELECT are as many as they like, and have no status.
const MOST_RESULTS = 20;

// What commits a transaction without being asked to. A temporary table is none of these.
const COMMITS =
  /(?:^|;)\s*(?:(?:alter|create(?!\s+temporary)|drop(?!\s+temporary)|truncate|rename|grant|revoke|(?:un)?lock\s+tables?|(?:analyze|check|optimize|repair)\s+table)\b|set\b[^;]*\bautocommit\s*:?=\s*(?:1|on|true)\b)/i;

/** What mysql2 gives for a statement that returns no rows. */
interface Header {
  readonly serverStatus: number;
  readonly stateChanges?: { readonly schema: string | null };
}

/** The status that MySQL and MariaDB send with the results of writes and SET, but not with rows. */
export class MysqlSession implements Session {
  // There a read locks what it has read, whatever is done about it.
  readonly isSerializable = false;
  keepsStatements = true;
  private status: number | undefined;

  commandsIn(text: string): readonly TransactionCommand[] {
    const commands = transactionCommands(text);
    if (commands.length === 0) return COMMITS.test(text) ? [{ kind: 'implicit commit' }] : commands;
    // Where a transaction is open, another BEGIN commits it.
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
    // A deadlock ends the transaction, and a lock wait may. Without a transaction an error begins none.
    if (this.status === undefined || this.wouldBeIn(this.status)) this.status = undefined;
  }

  isInTransaction(ask: Ask): boolean | Promise<boolean> {
    return this.status !== undefined ? this.wouldBeIn(this.status) : this.asked(ask);
  }

  async survives(ask: Ask): Promise<boolean> {
    await this.asked(ask);
    return this.status !== undefined && (this.status & IN_TRANSACTION) !== 0;
  }

  private async asked(ask: Ask): Promise<boolean> {
    this.noteResult('DO 0', await ask('DO 0'));
    return this.status !== undefined && this.wouldBeIn(this.status);
  }

  // With autocommit off the first statement begins a transaction, which nobody sees before.
  private wouldBeIn(status: number): boolean {
    return (status & IN_TRANSACTION) !== 0 || (status & AUTOCOMMIT) === 0;
  }
}

/** Lets a result tell of no transaction. */
export function hideTransaction(result: unknown): void {
  if (isHeader(result)) Object.assign(result, { serverStatus: result.serverStatus & ~IN_TRANSACTION });
}

function headerIn(result: unknown): Header | undefined {
  if (isHeader(result)) return result;
  return Array.isArray(result) && result.length <= MOST_RESULTS ? result.findLast(isHeader) : undefined;
}

// A row may have a column of that name, and is a plain object.
function isHeader(value: unknown): value is Header {
  return (
    typeof value === 'object' &&
    value !== null &&
    value.constructor?.name === 'ResultSetHeader' &&
    typeof (value as Header).serverStatus === 'number'
  );
}
