import { DEFAULT_URL } from './database.js';
import { playDemo } from './demo.js';
import { serve } from './server.js';

// Plays the demo and goes on serving; with --demo it ends there.
const isDemo = process.argv.includes('--demo');
const port = Number(process.env.PORT || (isDemo ? 0 : 3000));

try {
  const app = await serve(port);
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  console.log(`The database is ${process.env.DATABASE_URL ? 'that of DATABASE_URL' : DEFAULT_URL}.`);
  const id = await playDemo(app, url, console.log);
  if (isDemo) await app.close();
  else console.log(invitation(url, id));
} catch (error) {
  console.error(
    isPortTaken(error) ? `Port ${port} is taken. Choose another one with PORT, such as ${port + 1}.` : error,
  );
  process.exitCode = 1;
}

function invitation(url: string, id: number): string {
  return `
Now it's your turn
  Swagger UI   ${url}/docs (press Authorize and give any name first)
  The history  curl -H 'x-user: ann' ${url}/audit/reservation/${id}

Stop it with Ctrl+C.`;
}

function isPortTaken(error: unknown): boolean {
  return (error as { code?: string }).code === 'EADDRINUSE';
}
