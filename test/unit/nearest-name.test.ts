import { expect, it } from '@jest/globals';
import { nearestName } from '../../src/nearest-name.js';

it.each([
  ['requiredActor', 'requireActor'],
  ['ACTOR', 'actor'],
  ['actr', 'actor'],
  ['colour', undefined],
  ['', undefined],
])('finds what %s was meant to be', (name, meant) => {
  expect(nearestName(name, ['actor', 'context', 'requireActor'])).toBe(meant);
});
