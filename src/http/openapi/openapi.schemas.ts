import { MAX_ACTOR_LENGTH } from '../../audit.options.js';
import { AUDIT_OPERATIONS, DEFAULT_LIMIT, MAX_LIMIT } from '../../history/arguments/checks.js';

const text = { type: 'string' };
const nullableText = { type: 'string', nullable: true };
const integer = { type: 'integer', minimum: 1 };
const moment = { type: 'string', format: 'date-time' };
const anything = {
  nullable: true,
  description:
    'A value; in a list, a large one is { bytes, sha256, href } with a link to the revision that has it',
};
const object = { type: 'object', additionalProperties: true };
const listOf = (items: object) => ({ type: 'array', items });

/** A property path, as in changes. */
const property = { ...text, example: 'address.city' };

const operation = {
  type: 'string',
  enum: [...AUDIT_OPERATIONS],
  description: 'restore is the end of a soft-delete; a restore to a version is an update or an insert',
};

export const ENTITIES = listOf({
  type: 'object',
  properties: { name: text, revisionTable: text, keys: listOf(property), columns: listOf(property) },
});

export const ENTITY = object;

const jsonNull = {
  ...text,
  enum: ['from', 'to'],
  description: "Which of the two is JSON's null, where the other one is NULL",
};

export const CHANGES = listOf({
  type: 'object',
  properties: { property, from: anything, to: anything, jsonNull },
  required: ['property', 'from', 'to'],
});

export const REVISION = {
  type: 'object',
  properties: {
    id: { type: 'string', format: 'uuid' },
    entity: text,
    entityId: anything,
    version: integer,
    createdAt: moment,
    operation,
    isDelete: { type: 'boolean' },
    isQuiet: { type: 'boolean', description: 'It changed only quiet columns' },
    actor: nullableText,
    reason: nullableText,
    transaction: { type: 'string', format: 'uuid' },
    context: { ...object, nullable: true },
    snapshot: { ...object, nullable: true },
    changes: CHANGES,
  },
};

const ofChangeset = { action: nullableText, request: nullableText, onBehalf: nullableText };

/** A revision in a feed or a transaction. */
const FEED_REVISION = {
  ...REVISION,
  properties: { kind: { ...text, enum: ['revision'] }, ...REVISION.properties, ...ofChangeset },
};

const EVENT = {
  type: 'object',
  properties: {
    kind: { ...text, enum: ['event'] },
    id: { type: 'string', format: 'uuid' },
    createdAt: moment,
    actor: nullableText,
    ...ofChangeset,
    outcome: nullableText,
    entity: { ...nullableText, description: 'An audited name' },
    target: nullableText,
    details: { ...object, nullable: true },
    transaction: { type: 'string', format: 'uuid' },
  },
};

export const TRANSACTION = {
  type: 'object',
  properties: { items: listOf(FEED_REVISION), nextCursor: nullableText },
};

export const FEED = {
  type: 'object',
  properties: { items: listOf({ oneOf: [FEED_REVISION, EVENT] }), nextCursor: nullableText },
};

export const PAGE = { type: 'object', properties: { items: listOf(REVISION), nextCursor: nullableText } };

const limit = { schema: { ...integer, maximum: MAX_LIMIT, default: DEFAULT_LIMIT } };
const cursor = { schema: text, description: 'The nextCursor of a page' };
const snapshot = {
  schema: { type: 'boolean', default: false },
  description: 'Whether each revision comes with its snapshot',
};

/** The filters of feeds and timelines. */
const FILTERS = {
  actor: { schema: text },
  notActor: { schema: text, description: 'Leaves out the revisions of this actor' },
  action: { schema: text, description: 'What was done, by name' },
  request: { schema: text, description: 'The id of a request or trace' },
  reason: { schema: text },
  from: { schema: moment, description: 'Not made before it' },
  to: { schema: moment, description: 'Not made after it' },
  operation: { schema: operation },
  property: { schema: property, description: 'Only revisions that changed it' },
  changedProperty: { schema: property, description: 'Only revisions that changed it' },
  changedFrom: { schema: text, description: 'The value of changedProperty before; empty for null' },
  changedTo: { schema: text, description: 'The value of changedProperty after; empty for null' },
  quiet: {
    schema: { type: 'boolean', default: false },
    description: 'Whether updates of nothing but quiet columns are listed too',
  },
};

export const TIMELINE_QUERY = {
  order: { schema: { type: 'string', enum: ['asc', 'desc'], default: 'desc' } },
  ...FILTERS,
  limit,
  cursor,
  snapshot,
};

export const FEED_QUERY = {
  entity: {
    schema: text,
    description:
      'The name of an audited entity, or of a junction table; property and changedProperty need it',
  },
  transaction: { schema: { type: 'string', format: 'uuid' } },
  ...FILTERS,
  events: {
    schema: { type: 'boolean', default: false },
    description: 'Whether events are among the items',
  },
  limit,
  cursor,
  snapshot,
};

export const TRANSACTION_QUERY = { limit, cursor, snapshot };

export const DIFF_QUERY = {
  from: { schema: integer, description: 'A version', required: true },
  to: { schema: integer, description: 'A version', required: true },
};

export const AS_OF_QUERY = {
  at: { schema: { oneOf: [moment, integer] }, description: 'A moment, or a version', required: true },
};

const dryRun = {
  type: 'boolean',
  default: false,
  description: 'Answers what it would make, and writes nothing',
};
const reason = {
  type: 'string',
  minLength: 1,
  maxLength: MAX_ACTOR_LENGTH,
  description: 'Why; required where requireReason is on, unless it is a dry run',
};

export const RESTORE_BODY = {
  type: 'object',
  properties: {
    at: { ...AS_OF_QUERY.at.schema, description: 'A moment, or a version' },
    expectedVersion: { ...integer, description: 'The newest version that the caller has looked at' },
    properties: {
      ...listOf(property),
      minItems: 1,
      description: 'Only these; by default all that are shown',
    },
    dryRun,
    reason,
  },
  required: ['at', 'expectedVersion'],
};

export const RESTORED = {
  type: 'object',
  properties: {
    revision: { ...REVISION, nullable: true, description: 'Null if nothing had to change' },
  },
};

export const UNDO_BODY = {
  type: 'object',
  properties: {
    dryRun,
    reason,
    limit: limit.schema,
    cursor: { ...nullableText, description: 'The nextCursor of a dry run, for its next page' },
  },
};

export const UNDONE = {
  type: 'object',
  properties: {
    transaction: { ...nullableText, format: 'uuid', description: 'Of the new revisions' },
    count: { type: 'integer', minimum: 0, description: 'Of all new revisions' },
    items: listOf(REVISION),
    nextCursor: { ...nullableText, description: 'For the list of the new transaction, or of the dry run' },
  },
};

export const CONFLICT = {
  type: 'object',
  properties: {
    statusCode: integer,
    error: text,
    message: text,
    count: integer,
    conflicts: listOf({
      type: 'object',
      properties: {
        entity: text,
        id: anything,
        problem: text,
        remedy: text,
        values: object,
        version: integer,
        changedSince: { ...listOf(REVISION), description: 'The newer revisions of the row, newest first' },
      },
      required: ['entity', 'id', 'problem'],
    }),
  },
};
