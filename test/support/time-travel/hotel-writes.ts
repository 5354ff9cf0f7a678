import { type DataSource } from 'typeorm';
import {
  Card,
  CardPayment,
  CashPayment,
  City,
  Discount,
  Guest,
  Line,
  Payment,
  Reservation,
  Room,
} from '../entities/hotel.js';

/** A hotel with rows that have been changed, soft-deleted and deleted before the moment that is looked back on. */
export async function openHotel(dataSource: DataSource): Promise<void> {
  const { manager } = dataSource;
  await manager.save([
    manager.create(City, { code: 'BER', name: 'Berlin' }),
    manager.create(City, { code: 'ROM', name: 'Rome' }),
  ]);
  const rooms = await manager.save(
    [1, 2, 3, 4].map((number) => manager.create(Room, { number, name: `Room ${number}` })),
  );
  const [ann, bob, eve, old] = await manager.save(
    ['Ann', 'Bob', 'Eve', 'Old'].map((name) => manager.create(Guest, { name, knows: [] })),
  );
  ann.knows = [bob, eve];
  bob.knows = [eve];
  await manager.save([ann, bob]);
  const [gold, blue] = await manager.save([
    manager.create(Card, { number: '1234', guest: ann }),
    manager.create(Card, { number: '5678', guest: bob }),
  ]);
  const reservations: Reservation[] = [];
  for (const [at, guest] of [ann, ann, bob, eve, bob, null].entries()) {
    const reservation = manager.create(Reservation, {
      party: 2 + at,
      note: at % 2 ? `note ${at}` : null,
      total: 100.5 * at,
      wishes: at % 3 ? ['view', 'quiet'] : [],
      extras: at % 2 ? { breakfast: true } : null,
      pin: `pin ${at}`,
      stay: {
        arrival: `2015-04-0${at + 1}`,
        nights: at + 1,
        contact: { phone: at % 2 ? `+49 ${at}` : null, city: { code: at % 2 ? 'BER' : 'ROM' } },
      },
      guest,
      changeOf: reservations[at - 2] ?? null,
      rooms: rooms.filter(({ number }) => number <= at),
      lines: [],
    });
    reservation.payer = Promise.resolve(at % 2 ? bob : null);
    reservations.push(await manager.save(reservation));
  }
  for (const { id } of reservations.slice(0, 3))
    await manager.save(
      [1, 2, 3].map((number) =>
        manager.create(Line, { reservationId: id, number, text: `line ${number} of ${id}` }),
      ),
    );
  const [first] = await manager.find(Line, { order: { reservationId: 'ASC', number: 'ASC' } });
  await manager.save([10, 20].map((percent) => manager.create(Discount, { percent, line: first })));
  await manager.save([
    manager.create(CardPayment, { amount: 50, approval: 'A1', card: gold, reservation: reservations[0] }),
    manager.create(CashPayment, { amount: 70, till: 'front', reservation: reservations[0] }),
    manager.create(CardPayment, { amount: 90, approval: 'A2', card: blue, reservation: reservations[1] }),
    manager.create(Payment, { amount: 5, reservation: reservations[2] }),
  ]);

  await manager.save(Reservation, { id: reservations[1].id, party: 9, rooms: [rooms[3]] });
  await manager.update(Room, { number: 2 }, { name: 'Blue room' });
  await manager.softRemove(reservations[4]);
  await manager.softDelete(Reservation, { id: reservations[5].id });
  await manager.restore(Reservation, { id: reservations[5].id });
  await manager.delete(Line, { reservationId: reservations[2].id, number: 3 });
  await manager.remove(old);
}

/** Leaves nothing of it as it is, and puts other rows under some of the old keys. */
export async function rebuildHotel(dataSource: DataSource): Promise<void> {
  const { manager } = dataSource;
  await manager.createQueryBuilder().update(Payment).set({ amount: 1 }).execute();
  await manager.remove(await manager.find(Payment, { take: 2, order: { id: 'ASC' } }));
  await manager.createQueryBuilder().delete().from(Discount).execute();
  await manager.delete(Line, { number: 1 });
  await manager.createQueryBuilder().update(Line).set({ text: 'changed' }).execute();
  await manager.save(manager.create(Line, { reservationId: 1, number: 7, text: 'a new line' }));
  const reservations = await manager.find(Reservation, {
    withDeleted: true,
    relations: { rooms: true },
    order: { id: 'ASC' },
  });
  for (const reservation of reservations) {
    reservation.party += 100;
    reservation.note = 'changed';
    reservation.total = 1;
    reservation.wishes = ['gone'];
    reservation.extras = { breakfast: false };
    reservation.stay.nights = 99;
    reservation.stay.contact.phone = 'changed';
    reservation.rooms = [];
    reservation.changeOf = null;
    reservation.guest = null;
    reservation.deletedAt = reservation.deletedAt ? null : new Date();
  }
  await manager.save(reservations);
  await manager
    .createQueryBuilder()
    .update(Reservation)
    .set({ payer: null as never, pin: 'changed' })
    .execute();
  await manager.remove(await manager.find(Room));
  await manager.save(manager.create(Room, { number: 3, name: 'Another room' }));
  await manager
    .createQueryBuilder()
    .update(CardPayment)
    .set({ card: null as never })
    .execute();
  await manager.remove(await manager.find(Card));
  const guests = await manager.find(Guest, { relations: { knows: true }, order: { id: 'ASC' } });
  for (const guest of guests) guest.knows = [];
  await manager.save(guests);
  await manager.remove(guests.slice(0, 1));
  await manager.createQueryBuilder().update(Guest).set({ name: 'Nobody' }).execute();
  await manager.save(['Ann', 'Zoe'].map((name) => manager.create(Guest, { name })));
}
