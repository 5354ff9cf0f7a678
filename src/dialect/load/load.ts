import { type QueryRunner } from 'typeorm';

/** What a long run costs others, in seconds. */
export interface Pressure {
  /** How far the slowest replica is behind. */
  readonly replicaLag: number;
  /** The age of the oldest open transaction in this database. */
  readonly transactionAge: number;
}

/** What a database tells about its size and its load. */
export interface Load {
  /** About how many rows a table has, from the catalogue; undefined where it doesn't know. */
  estimateRows(queryRunner: QueryRunner, path: string): Promise<number | undefined>;

  /** Undefined on databases that we don't ask. */
  pressure?(queryRunner: QueryRunner): Promise<Pressure>;
}
