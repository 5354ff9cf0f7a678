import { type EntitySubscriberInterface, EventSubscriber, type QueryRunner } from 'typeorm';

/** A statement, and what is to happen once before it is sent or after it has succeeded. */
export interface Gate {
  readonly when: 'before' | 'after';
  readonly statement: RegExp;
  readonly act: (queryRunner: QueryRunner) => unknown;
}

let gate: Gate | undefined;

/** Has something happen once at a statement, whoever sends it. */
export function atStatement(next: Gate | undefined): void {
  gate = next;
}

export function hasActed(): boolean {
  return gate === undefined;
}

interface QueryEvent {
  readonly query: string;
  readonly queryRunner: QueryRunner;
  readonly success?: boolean;
}

async function pass(when: Gate['when'], { query, queryRunner }: QueryEvent): Promise<void> {
  if (gate?.when !== when || !gate.statement.test(query)) return;
  const { act } = gate;
  gate = undefined;
  await act(queryRunner);
}

/** Stands at each statement, the library's too. */
@EventSubscriber()
export class StatementGate implements EntitySubscriberInterface {
  beforeQuery(event: QueryEvent): Promise<void> {
    return pass('before', event);
  }
  afterQuery(event: QueryEvent): Promise<void> | undefined {
    return event.success ? pass('after', event) : undefined;
  }
}

/** The statements that write accounts. */
export const ACCOUNT_WRITE = /^(?:INSERT INTO|UPDATE|DELETE FROM) .account.[ (]/;
