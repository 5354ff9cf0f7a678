import { hasRecorded } from './figures.js';
import { judge } from './targets.js';

/** @import { Figure, Outcome, Result } from './types.js' */

const subjectsFirst = ['plain', 'ours', 'masked', 'limit'];

/** Markdown: the machine, and for each database its figures, ratios and targets. */
export function report(machine, outcomes, note) {
  const { cpu, cores, memory_gb, os, node, typeorm, databases, date } = machine;
  const versions = Object.entries(databases).map(([name, version]) => `${name} ${version}`);
  const roundTrip = machine.round_trip_ms;
  const head = [
    `${date}: ${cpu}, ${cores} cores, ${memory_gb} GB, ${os}, Node ${node}, TypeORM ${typeorm}, ${versions.join(', ')}.`,
    'Median µs per entity, or per read, with quartiles.',
    ...(roundTrip ? [`Each round trip to the server takes ${roundTrip} ms more.`] : []),
    ...(note ? [note] : []),
  ];
  return [...head, ...outcomes.map(reportDatabase)].join('\n\n');
}

/** @param {Outcome} outcome */
function reportDatabase({ db, results, verified, bytes }) {
  const names = [...new Set(results.map(({ subject }) => subject))];
  const peers = names.filter((name) => !subjectsFirst.includes(name));
  const cases = [...new Set(results.map((result) => result.case))];
  const find = (/** @type {string | undefined} */ name, /** @type {string} */ subject) =>
    results.find((result) => result.case === name && result.subject === subject);
  const figure = (/** @type {string | undefined} */ name, /** @type {string} */ subject) =>
    usable(find(name, subject));
  const unreliable = verified.filter(({ problems }) => problems.length > 0);
  const reliable = (/** @type {string} */ name) =>
    peers
      .filter((peer) => !unreliable.some(({ subject }) => subject === peer))
      .map((peer) => figure(name, peer))
      .filter((found) => found !== undefined);

  const columns = [...subjectsFirst.filter((name) => names.includes(name)), ...peers];
  const figures = table(
    [
      'case',
      ...columns,
      'ours / plain',
      'masked / ours',
      'ours / limit',
      ...peers.map((peer) => `overhead: ${peer} / ours`),
    ],
    cases.map((name) => [
      name,
      ...columns.map((subject) => cell(find(name, subject))),
      ratio(figure(name, 'ours'), figure(name, 'plain')),
      ratio(figure(name, 'masked'), figure(name, 'ours')),
      ratio(figure(name, 'ours'), figure(name, 'limit')),
      ...peers.map((peer) => overhead(figure(name, peer), figure(name, 'ours'), figure(name, 'plain'))),
    ]),
  );
  const judged = judge(db, figure, reliable).map(({ label, value, bound, isMet }) => [
    label,
    value === Infinity ? 'ours is none' : value.toFixed(2),
    bound,
    isMet ? '✓' : '✗',
  ]);
  return [
    `### ${db}`,
    ...unreliable.map(
      ({ subject, problems }) => `${subject} does not record rightly: ${problems.join('; ')}.`,
    ),
    figures,
    ...(judged.length > 0 ? [table(['target', 'is', 'should be', ''], judged)] : []),
    ...(bytes.length > 0 ? [table(['bytes on disk of a row with its indexes', ''], bytes.map(byteRow))] : []),
  ].join('\n\n');
}

const usable = (/** @type {Result | undefined} */ result) =>
  result && hasRecorded(result) ? result : undefined;

const byteRow = ({ subject, bytes }) => [
  subject === 'plain' ? 'the entity' : `a revision: ${subject}`,
  bytes,
];

function cell(/** @type {Result | undefined} */ result) {
  if (!result) return '';
  if (result.error) return 'fails';
  if (!hasRecorded(result)) return 'not captured';
  const { median, q1, q3, megabytes } = result;
  const text = `${micros(median)} (${micros(q1)}–${micros(q3)})`;
  return megabytes === undefined ? text : `${text}, ${megabytes} MB`;
}

function ratio(/** @type {Figure | undefined} */ one, /** @type {Figure | undefined} */ other) {
  return one && other ? (one.median / other.median).toFixed(2) : '';
}

/**
 * @param {Figure | undefined} peer
 * @param {Figure | undefined} ours
 * @param {Figure | undefined} plain
 */
function overhead(peer, ours, plain) {
  if (!peer || !ours || !plain || ours.median <= plain.median) return '';
  return ((peer.median - plain.median) / (ours.median - plain.median)).toFixed(1);
}

function micros(/** @type {number} */ value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(2);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
