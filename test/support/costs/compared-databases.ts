import { DataSource } from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { Hall, Seat, Tag } from './counted-writes.js';
import { createDatabase, type DatabaseName } from '../servers/databases.js';
import { QueryRecorder } from './query-recorder.js';

export interface RecordedDatabase {
  readonly dataSource: DataSource;
  readonly recorder: QueryRecorder;
  close(): Promise<void>;
}

/** The same tables twice, to tell what audit adds. */
export interface ComparedDatabases {
  readonly audited: RecordedDatabase;
  readonly plain: RecordedDatabase;
  close(): Promise<void>;
}

export async function openCompared(name: DatabaseName): Promise<ComparedDatabases> {
  const audited = await open(name);
  attachAudit(audited.dataSource);
  const plain = await open(name);
  return {
    audited,
    plain,
    close: async () => {
      await audited.close();
      await plain.close();
    },
  };
}

async function open(name: DatabaseName): Promise<RecordedDatabase> {
  const database = await createDatabase(name);
  const recorder = new QueryRecorder();
  const dataSource = await new DataSource({
    ...database.options,
    entities: [Seat, Tag, Hall],
    synchronize: true,
    logger: recorder,
  }).initialize();
  return {
    dataSource,
    recorder,
    close: async () => {
      await dataSource.destroy();
      await database.drop();
    },
  };
}
