import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import { NewReservation, ReservationChange } from './reservation.dto.js';
import { Reservation } from './reservation.entity.js';
import { ReservationService } from './reservation.service.js';
import { UserGuard } from './user.guard.js';

@ApiTags('reservations')
@Controller('reservations')
@UseGuards(UserGuard)
export class ReservationController {
  constructor(private readonly reservations: ReservationService) {}

  @Get()
  @ApiOkResponse({ type: [Reservation] })
  list(): Promise<Reservation[]> {
    return this.reservations.list();
  }

  @Post()
  @ApiCreatedResponse({ type: Reservation })
  book(@Body() reservation: NewReservation): Promise<Reservation> {
    return this.reservations.book(reservation);
  }

  @Patch(':id')
  @ApiOkResponse({ type: Reservation })
  change(@Param('id', ParseIntPipe) id: number, @Body() change: ReservationChange): Promise<Reservation> {
    return this.reservations.change(id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  @ApiQuery({ name: 'reason', required: false })
  cancel(@Param('id', ParseIntPipe) id: number, @Query('reason') reason?: string): Promise<void> {
    return this.reservations.cancel(id, reason);
  }
}
