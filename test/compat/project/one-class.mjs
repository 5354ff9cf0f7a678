import { createRequire } from 'node:module';
import * as imported from 'nestjs-typeorm-audit';

const required = createRequire(import.meta.url)('nestjs-typeorm-audit');
console.log(JSON.stringify(required.HistoryService === imported.HistoryService));
