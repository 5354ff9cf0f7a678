// Methods of an application that are transactions by @nestjs-cls/transactional and its adapter for TypeORM, each called
// by a request of ann's.
// node cls-transactional.cjs audited|plain: prints what each came to, the rows after it, and all revisions.
require('reflect-metadata');
const console = require('node:console');
const process = require('node:process');
const {
  ClsPluginTransactional,
  Propagation,
  TransactionHost,
  Transactional,
} = require('@nestjs-cls/transactional');
const { TransactionalAdapterTypeOrm } = require('@nestjs-cls/transactional-adapter-typeorm');
const { Controller, Inject, Module, Param, Post } = require('@nestjs/common');
const { APP_GUARD, NestFactory } = require('@nestjs/core');
const { getDataSourceToken, TypeOrmModule } = require('@nestjs/typeorm');
const { Audited, AuditModule } = require('nestjs-typeorm-audit');
const { ClsModule } = require('nestjs-cls');
const { Column, Entity, PrimaryColumn } = require('typeorm');

const isAudited = process.argv[2] === 'audited';

class Guest {}
PrimaryColumn('int')(Guest.prototype, 'id');
Column('varchar', { unique: true })(Guest.prototype, 'name');
Entity('guest')(Guest);
if (isAudited) Audited()(Guest);

class Service {
  constructor(host) {
    this.host = host;
  }
  get manager() {
    return this.host.tx;
  }
  async both() {
    await this.manager.save(Guest, { id: 1, name: 'Ann' });
    await this.manager.insert(Guest, { id: 2, name: 'Bea' });
    await this.manager.update(Guest, 1, { name: 'Cy' });
  }
  async fail() {
    await this.manager.save(Guest, { id: 3, name: 'Dan' });
    await this.manager.update(Guest, 1, { name: 'Eve' });
    throw new Error('no room');
  }
  async nested() {
    await this.manager.insert(Guest, { id: 4, name: 'Fay' });
    await this.inner();
  }
  async inner() {
    await this.manager.save(Guest, { id: 5, name: 'Gus' });
  }
}
for (const [method, decorator] of Object.entries({
  both: Transactional(),
  fail: Transactional(),
  nested: Transactional(),
  inner: Transactional(Propagation.Mandatory),
})) {
  const descriptor = Object.getOwnPropertyDescriptor(Service.prototype, method);
  Object.defineProperty(
    Service.prototype,
    method,
    decorator(Service.prototype, method, descriptor) ?? descriptor,
  );
}

class GuestController {
  constructor(service) {
    this.service = service;
  }
  call(method) {
    return this.service[method]();
  }
}
Inject(Service)(GuestController, undefined, 0);
Param('method')(GuestController.prototype, 'call', 0);
Post(':method')(
  GuestController.prototype,
  'call',
  Object.getOwnPropertyDescriptor(GuestController.prototype, 'call'),
);
Controller('guests')(GuestController);

/** As a guard that verifies a token does it. */
const guard = {
  canActivate(context) {
    context.switchToHttp().getRequest().user = { id: 'ann' };
    return true;
  },
};

class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: ':memory:',
      entities: [Guest],
      synchronize: true,
    }),
    ClsModule.forRoot({
      global: true,
      middleware: { mount: true },
      plugins: [
        new ClsPluginTransactional({
          imports: [TypeOrmModule],
          adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() }),
        }),
      ],
    }),
    ...(isAudited ? [AuditModule.forRoot()] : []),
  ],
  controllers: [GuestController],
  providers: [
    { provide: Service, inject: [TransactionHost], useFactory: (host) => new Service(host) },
    { provide: APP_GUARD, useValue: guard },
  ],
})(AppModule);

async function main() {
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  const dataSource = app.get(getDataSourceToken());
  const played = [];
  for (const method of ['both', 'fail', 'nested', 'both']) {
    const { status } = await globalThis.fetch(`http://127.0.0.1:${port}/guests/${method}`, {
      method: 'POST',
    });
    played.push({ method, outcome: status, rows: await dataSource.query('SELECT * FROM guest ORDER BY id') });
  }
  const revisions = isAudited ? await dataSource.query('SELECT * FROM guest_rev ORDER BY rev_id') : [];
  await app.close();
  console.log(JSON.stringify({ played, revisions }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
