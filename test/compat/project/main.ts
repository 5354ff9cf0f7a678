import { actorInTheApplicationsOwnContext, life } from './reservations.js';

async function main(): Promise<void> {
  console.log(JSON.stringify({ ...(await life()), actor: await actorInTheApplicationsOwnContext() }));
}

void main();
