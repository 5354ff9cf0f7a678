import { type EntityTarget, type ObjectLiteral } from 'typeorm';
import { assertOptions } from '../../option-names.js';
import { allItems } from '../arguments/all-items.js';
import { type Reading } from '../revisions/reading.js';
import { rowOf, rowsOf } from '../revisions/row-of.js';
import { type EntityId } from '../types/entity-id.js';
import { type ReadTimeline, type TimelineOptions } from '../types/timeline.js';
import { readTimeline } from './timeline.js';
import { TIMELINE_OPTIONS } from './timeline-request.js';
import { readTimelines } from './timelines.js';

/** @param reading of one call */
export function timelineReader(reading: () => Promise<Reading>): ReadTimeline {
  const read = async <E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId | readonly EntityId[],
    options: TimelineOptions = {},
  ): Promise<unknown> => {
    assertOptions('options', options, TIMELINE_OPTIONS);
    if (!Array.isArray(id)) return readTimeline(rowOf(await reading(), entity, id as EntityId), options);
    const ids = id as EntityId[];
    const pages = await readTimelines(rowsOf(await reading(), entity, ids), options);
    return new Map(ids.map((each, n) => [each, pages[n]]));
  };
  return Object.assign(read as Pick<ReadTimeline, never> & typeof read, {
    all: (entity: EntityTarget<any>, id: EntityId, options: TimelineOptions = {}) =>
      allItems(options, TIMELINE_OPTIONS, async (page) =>
        readTimeline(rowOf(await reading(), entity, id), page),
      ),
  }) as ReadTimeline;
}
