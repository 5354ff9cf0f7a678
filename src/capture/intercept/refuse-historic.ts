import { type DataSource } from 'typeorm';
import { type Subject } from 'typeorm/persistence/Subject.js';
import { assertOfThePresent } from '../../revision/historic-entities.js';

/**
 * Refuses to write what was read from the past, and what follows from it: rows that would be related to it again, and
 * those that came later and would be dropped from it.
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
