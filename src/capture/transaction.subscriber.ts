import {
  type EntitySubscriberInterface,
  type TransactionCommitEvent,
  type TransactionRollbackEvent,
  type TransactionStartEvent,
} from 'typeorm';
import { type Capture } from './capture.js';

/** Hears when transactions and savepoints begin and end. What is written in them is not told of by events. */
export class TransactionSubscriber implements EntitySubscriberInterface {
  constructor(private readonly capture: Capture) {}

  afterTransactionStart({ queryRunner }: TransactionStartEvent): void {
    this.capture.bufferOf(queryRunner).transactionStarted();
  }

  beforeTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    this.capture.bufferOf(queryRunner).transactionCommits();
  }

  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    this.capture.bufferOf(queryRunner).transactionEnded();
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    this.capture.bufferOf(queryRunner).transactionEnded();
  }
}
