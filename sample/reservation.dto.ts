import { OmitType, PartialType } from '@nestjs/swagger';
import { Reservation } from './reservation.entity.js';

export class NewReservation extends OmitType(Reservation, ['id']) {}

export class ReservationChange extends PartialType(NewReservation) {}
