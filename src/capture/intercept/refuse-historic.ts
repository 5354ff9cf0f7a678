import { type DataSource } from 'typeorm';
import { type Subject } from 'typeorm/persistence/Subject.js';
import { assertOfThePresent } from '../../revision/historic-entities.js';

/**
 * Refuses to write entities that were read from the past, and what TypeORM writes because of them: rows that would be
 * related to them again, and newer rows that would be dropped from their relations.
 *
 * @throws HistoricEntityError
 */
export function refuseHistoric(dataSource: DataSource, subjects: readonly Subject[]): void {
  for (const subject of subjects) {
    if (!isWritten(subject)) continue;
    for (let cause: Subject | undefined = subject; cause; cause = cause.parentSubject)
      assertOfThePresent(dataSource, cause.metadata.name, cause.entity);
  }
}

function isWritten(subject: Subject): boolean {
  return !!(
    subject.mustBeInserted ||
    subject.mustBeUpdated ||
    subject.mustBeRemoved ||
    subject.mustBeSoftRemoved ||
    subject.mustBeRecovered
  );
}
