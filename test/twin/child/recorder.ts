import { type EntitySubscriberInterface, type Logger, type QueryRunner } from 'typeorm';
import { listeners } from '../../support/entities/shelves.js';

type Event = Record<string, any> | undefined;

/** What a hook does beside being recorded; the event is TypeORM's. */
export type Hook = (event: any) => Promise<unknown> | undefined;

const rowHooks = ['Insert', 'Update', 'Remove', 'SoftRemove', 'Recover'].flatMap((what) => [
  `before${what}`,
  `after${what}`,
]);
const transactionHooks = ['Start', 'Commit', 'Rollback'].flatMap((what) => [
  `beforeTransaction${what}`,
  `afterTransaction${what}`,
]);

/** Records what TypeORM tells a subscriber and a logger. */
export class Recorder {
  readonly events: unknown[] = [];
  readonly statements: unknown[] = [];
  isRecording = false;
  hook: ((name: string, event: any) => Promise<unknown> | undefined) | undefined;
  private runners = new Map<unknown, string>();

  constructor(private readonly normalise: (value: unknown) => unknown) {
    listeners.told = (name, entity) => this.record({ hook: name, entity: this.normalise({ ...entity }) });
  }

  begin(): void {
    this.events.length = 0;
    this.statements.length = 0;
    this.runners = new Map();
    this.hook = undefined;
    this.isRecording = true;
  }

  /** Calls a query runner by a name in what is recorded from here on. */
  name(runner: QueryRunner, name: string): void {
    this.runners.set(runner, name);
  }

  record(event: unknown): void {
    if (this.isRecording) this.events.push(event);
  }

  /** One subscriber with all hooks. It gives no promise where a hook has nothing to do, as most don't. */
  subscriber(): EntitySubscriberInterface {
    const subscriber: Record<string, unknown> = {
      afterLoad: (entity: object, event: Event) =>
        this.told('afterLoad', event, { entity: this.normalise({ ...entity }) }),
    };
    for (const name of rowHooks)
      subscriber[name] = (event: Event) => this.told(name, event, this.ofRow(event!));
    for (const name of transactionHooks) subscriber[name] = (event: Event) => this.told(name, event, {});
    for (const name of ['beforeQuery', 'afterQuery'])
      subscriber[name] = (event: Event) => {
        if (!this.isRecording) return undefined;
        const { query, parameters, success } = event!;
        this.statements.push(this.normalise({ hook: name, query, parameters: parameters ?? [], success }));
        return this.hook?.(name, event);
      };
    return subscriber as EntitySubscriberInterface;
  }

  logger(): Logger {
    return {
      logQuery: () => undefined,
      logQueryError: (error, query) =>
        this.record({
          logger: 'failed query',
          query: this.normalise(query),
          error: this.normalise(String(error)),
        }),
      logQuerySlow: () => undefined,
      logSchemaBuild: () => undefined,
      logMigration: () => undefined,
      log: () => undefined,
    };
  }

  private told(name: string, event: Event, more: object): Promise<unknown> | undefined {
    if (!this.isRecording) return undefined;
    const runner = event?.queryRunner;
    this.record({
      hook: name,
      ...more,
      runner: this.nameOf(runner),
      isTransactionActive: runner?.isTransactionActive,
      managerIsRunners: event?.manager === runner?.manager,
    });
    return this.hook?.(name, event);
  }

  private ofRow({
    entity,
    databaseEntity,
    entityId,
    metadata,
    updatedColumns,
    updatedRelations,
    queryRunner,
  }: Record<string, any>): object {
    return {
      metadata: metadata?.name,
      entity: this.normalise(entity && { ...entity }),
      class: entity?.constructor?.name,
      databaseEntity: this.normalise(databaseEntity && { ...databaseEntity }),
      ...(this.normalise({ entityId }) as object),
      updatedColumns: updatedColumns?.map((column: any) => column.propertyPath),
      updatedRelations: updatedRelations?.map((relation: any) => relation.propertyPath),
      data: this.normalise(queryRunner?.data),
    };
  }

  private nameOf(runner: unknown): string | undefined {
    if (!runner) return undefined;
    if (!this.runners.has(runner)) this.runners.set(runner, `runner ${this.runners.size + 1}`);
    return this.runners.get(runner);
  }
}
