import { type Command, COMMANDS } from './commands.js';

/** The command-line options, by name: the name of the value, if the option takes one, and the help text. */
export const OPTIONS: Readonly<Record<string, { value?: string; help: string }>> = {
  'data-source': { value: 'file', help: 'the JavaScript or TypeScript file that exports the DataSource' },
  entity: { value: 'name', help: 'the audited entity: its table, class or @Audited({ name })' },
  id: { value: 'key', help: 'its key; the values of a composite one joined by commas, each URL-encoded' },
  columns: { value: 'names', help: 'properties, joined by commas; also revActor, revReason, revContext' },
  keep: { value: 'n', help: 'how many of the newest revisions stay' },
  'older-than': { value: 'date', help: 'a date such as 2024-12-31, or a number of days such as 730d' },
  limit: { value: 'n', help: 'the most keys or revisions to list' },
  cursor: { value: 'cursor', help: 'goes on behind a page, with the cursor that it printed' },
  'batch-size': { value: 'n', help: 'how many rows one transaction deals with' },
  'time-budget': { value: 's', help: 'stops after so many seconds, and prints where it was' },
  from: { value: 'place', help: 'goes on at the place where a run with --time-budget stopped' },
  'tables-at-once': { value: 'n', help: 'how many tables are gone through at the same time; default: 1' },
  'rows-per-second': { value: 'n', help: 'the most rows that are recorded in a second' },
  'max-replica-lag': { value: 's', help: 'pauses while a replica is behind by more seconds (PostgreSQL)' },
  'max-transaction-age': {
    value: 's',
    help: 'pauses while a transaction has been open for more seconds (PostgreSQL)',
  },
  actor: { value: 'name', help: 'who does it; default: the user of the operating system' },
  reason: { value: 'text', help: 'why' },
  'dry-run': { help: 'only count what would be done' },
  json: { help: 'print JSON' },
  help: { help: 'print this' },
};

/** The options of every command. */
export const COMMON = ['data-source', 'actor', 'reason', 'json', 'help'];

/** The help text for all commands, or for one. */
export function helpText(name?: string): string {
  const command = name === undefined ? undefined : COMMANDS[name];
  return command ? commandHelp(name!, command) : allHelp();
}

function allHelp(): string {
  return [
    'Usage: nestjs-typeorm-audit <command> --data-source <file> [options]',
    '',
    ...Object.entries(COMMANDS).flatMap(([name, { summary, example }]) => [
      `${name}`,
      `  ${summary}`,
      `  $ npx ${example}`,
      '',
    ]),
    'nestjs-typeorm-audit <command> --help tells the options of a command.',
    ...ENDING,
  ].join('\n');
}

function commandHelp(name: string, { summary, example, options, required }: Command): string {
  const names = ['data-source', ...options, ...COMMON.slice(1)];
  const lines = names.map((option) => {
    const { value, help } = OPTIONS[option];
    const isRequired = option === 'data-source' || required.includes(option);
    return `  ${`--${option}${value ? ` <${value}>` : ''}`.padEnd(22)} ${help}${isRequired ? ' (required)' : ''}`;
  });
  return [
    `Usage: nestjs-typeorm-audit ${name} [options]`,
    '',
    summary,
    '',
    ...lines,
    '',
    `$ npx ${example}`,
    ...ENDING,
  ].join('\n');
}

const ENDING = [
  '',
  'The key of masked columns is read from the environment: AUDIT_MASK_KEY.',
  'Exit codes: 0 all is well, 1 verify found differences or the command failed, 2 it was not understood, 130 Ctrl-C.',
];
