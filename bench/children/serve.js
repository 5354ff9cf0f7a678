// An application with the endpoints in a process of its own, whose peak of memory is that of its requests.
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Audited, AuditModule } from 'nestjs-typeorm-audit';
import { servedEntities } from '../entities.js';
import { peakKb } from '../peak.js';

const { options, largeText } = JSON.parse(process.argv[2]);
const entities = Object.values(servedEntities(Audited, largeText));
const app = await NestFactory.create(
  {
    module: class App {},
    imports: [
      TypeOrmModule.forRoot({ ...options, entities }),
      AuditModule.forRoot({ endpoints: { public: true } }),
    ],
  },
  { logger: false },
);
await app.listen(0, '127.0.0.1');
process.on('message', () => process.send?.({ peakKb: peakKb() }));
process.send?.({ url: await app.getUrl() });
