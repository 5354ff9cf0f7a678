import { type Subject } from 'typeorm/persistence/Subject.js';
import { assertOfThePresent, historicEntitiesOf } from '../revision/historic-entities.js';
import { type Flush } from '../revision/typeorm.patch.js';
import { dataSourceOf } from './data-source-of.js';

/**
 * Refuses to write what was read from the past, and what follows from it: rows that would be related to it again, and
 * those that came later and would be dropped from it. The events of those don't tell what they follow from.
 *
 * @throws HistoricEntityError
 */
export function refuseHistoric({ queryRunner, allSubjects }: Flush): void {
  const dataSource = dataSourceOf(queryRunner);
  const historic = historicEntitiesOf(dataSource);
  for (const subject of allSubjects) {
    const cause = causesOf(subject).find(({ entity }) => entity && historic.has(entity));
    if (cause && isWritten(subject)) assertOfThePresent(dataSource, cause.metadata.name, cause.entity);
  }
}

/** A subject and what its write follows from. */
function causesOf(subject: Subject): Subject[] {
  return subject.parentSubject ? [subject, ...causesOf(subject.parentSubject)] : [subject];
}

function isWritten(subject: Subject): boolean {
  return [
    subject.mustBeInserted,
    subject.mustBeUpdated,
    subject.mustBeRemoved,
    subject.mustBeSoftRemoved,
    subject.mustBeRecovered,
  ].some(Boolean);
}
