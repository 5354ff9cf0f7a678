import { BadRequestException, Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AuditContext } from 'nestjs-typeorm-audit';
import { Repository } from 'typeorm';
import { type NewReservation, type ReservationChange } from './reservation.dto.js';
import { Reservation } from './reservation.entity.js';

/** Nothing in here writes history: TypeORM's writes are all there is. */
@Injectable()
export class ReservationService {
  constructor(
    @InjectRepository(Reservation) private readonly reservations: Repository<Reservation>,
    private readonly audit: AuditContext,
  ) {}

  list(): Promise<Reservation[]> {
    return this.reservations.find({ order: { date: 'ASC', id: 'ASC' } });
  }

  async book(reservation: NewReservation): Promise<Reservation> {
    return this.reservations.save(valid(reservation));
  }

  async change(id: number, change: ReservationChange): Promise<Reservation> {
    const reservation = await this.get(id);
    return this.reservations.save({ id, ...valid({ ...reservation, ...change }) });
  }

  async cancel(id: number, reason?: string): Promise<void> {
    const reservation = await this.get(id);
    // Who did it is known from the request; why is for the application to say.
    if (reason) this.audit.set({ reason });
    await this.reservations.remove(reservation);
  }

  private async get(id: number): Promise<Reservation> {
    const reservation = await this.reservations.findOneBy({ id });
    if (!reservation) throw new NotFoundException(`There is no reservation ${id}.`);
    return reservation;
  }
}

// An application has class-validator for this.
function valid({ name, date, party }: Partial<NewReservation> = {}): NewReservation {
  if (typeof name !== 'string' || name === '') throw new BadRequestException('name must be given.');
  if (typeof date !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date)))
    throw new BadRequestException('date must be a date such as 2026-12-24.');
  if (typeof party !== 'number' || !Number.isInteger(party) || party < 1 || party > 100)
    throw new BadRequestException('party must be an integer from 1 to 100.');
  return { name, date, party };
}
