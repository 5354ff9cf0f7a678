/** A command that begins or ends a transaction, or is about a savepoint. */
export interface TransactionCommand {
  /** An `implicit commit` is the effect of another statement, such as ALTER TABLE. */
  readonly kind:
    'begin' | 'commit' | 'implicit commit' | 'rollback' | 'savepoint' | 'release' | 'rollback to';
  /** The savepoint's name. */
  readonly name?: string;
}

const COMMENTS = String.raw`(?:\s|--[^\n]*\n|#[^\n]*\n|/\*[\s\S]*?\*/)*`;
const NAME = String.raw`["\`]?([\w$]+)["\`]?`;
const WORK = String.raw`(?:\s+(?:work|transaction))?`;
// MariaDB's `BEGIN NOT ATOMIC` is a block. COMMIT PREPARED of PostgreSQL is about another transaction.
const COMMAND =
  String.raw`(?:(begin)\b(?!\s+not\s+atomic)|(start\s+transaction)\b|(commit|end|prepare\s+transaction)\b(?!\s+prepared)|` +
  String.raw`(?:rollback|abort)${WORK}\s+to(?:\s+savepoint)?\s+${NAME}|(rollback|abort)\b(?!\s+prepared)|` +
  String.raw`savepoint\s+${NAME}|release(?:\s+savepoint)?\s+${NAME})`;
const FIRST = new RegExp(`^${COMMENTS}${COMMAND}`, 'i');
// The statements in the body of a routine or a block are not sent by themselves.
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
