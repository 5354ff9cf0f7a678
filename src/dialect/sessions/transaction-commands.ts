/** A command that begins, ends or divides a transaction. */
export interface TransactionCommand {
  /** An `implicit commit` is of a statement that is for something else, and may commit. */
  readonly kind:
    'begin' | 'commit' | 'implicit commit' | 'rollback' | 'savepoint' | 'release' | 'rollback to';
  /** Of the savepoint. */
  readonly name?: string;
}

const COMMENTS = String.raw`(?:\s|--[^\n]*\n|#[^\n]*\n|/\*[\s\S]*?\*/)*`;
const NAME = String.raw`["\`]?([\w$]+)["\`]?`;
const WORK = String.raw`(?:\s+(?:work|transaction))?`;
// MariaDB's `BEGIN NOT ATOMIC` is a block, and a prepared transaction of PostgreSQL is another one than that of the
// connection.
const COMMAND =
  String.raw`(?:(begin)\b(?!\s+not\s+atomic)|(start\s+transaction)\b|(commit|end|prepare\s+transaction)\b(?!\s+prepared)|` +
  String.raw`(?:rollback|abort)${WORK}\s+to(?:\s+savepoint)?\s+${NAME}|(rollback|abort)\b(?!\s+prepared)|` +
  String.raw`savepoint\s+${NAME}|release(?:\s+savepoint)?\s+${NAME})`;
const FIRST = new RegExp(`^${COMMENTS}${COMMAND}`, 'i');
// What stands between the semicolons of a routine, or of a block, is not sent by itself.
const ROUTINE = new RegExp(
  `^${COMMENTS}(?:begin\\s+not\\s+atomic|create\\s(?:[^;]*?\\s)?(?:function|procedure|trigger|event|package)\\b)`,
  'i',
);
const QUOTED = /'(?:[^'\\]|\\.|'')*'|\$(\w*)\$[\s\S]*?\$\1\$/g;
const EACH = new RegExp(`(?:^|;)${COMMENTS}${COMMAND}`, 'gi');

/**
 * The transaction commands in a text, which may hold several statements.
 *
 * @example transactionCommands('COMMIT; SELECT 1') // → [{ kind: 'commit' }]
 */
export function transactionCommands(text: string): readonly TransactionCommand[] {
  if (text.includes(';'))
    return ROUTINE.test(text) ? [] : [...text.replace(QUOTED, "''").matchAll(EACH)].map(commandOf);
  const found = FIRST.exec(text);
  return found ? [commandOf(found)] : [];
}

function commandOf([, begin, start, commit, backTo, rollback, savepoint, release]: readonly (
  string | undefined
)[]): TransactionCommand {
  if (begin ?? start) return { kind: 'begin' };
  if (commit) return { kind: 'commit' };
  if (backTo) return { kind: 'rollback to', name: backTo };
  if (rollback) return { kind: 'rollback' };
  return savepoint ? { kind: 'savepoint', name: savepoint } : { kind: 'release', name: release };
}
