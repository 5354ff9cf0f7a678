import { expect, it } from '@jest/globals';
import { life } from './reservations.js';

it('records the life of a reservation', async () => {
  const { timeline } = await life();
  expect(timeline).toHaveLength(3);
});
