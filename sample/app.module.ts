import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from 'nestjs-typeorm-audit';
import { database } from './database.js';
import { ReservationModule } from './reservation.module.js';
import { UserGuard } from './user.guard.js';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({ useFactory: () => database(process.env.DATABASE_URL || undefined) }),
    AuditModule.forRoot({ endpoints: { guards: [UserGuard] } }),
    ReservationModule,
  ],
})
export class AppModule {}
