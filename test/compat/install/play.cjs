const process = require('node:process');

/** Starts an application and saves a row, which has to have its revision where `audit` is given. */
exports.play = async function play({ audit, nest, orm, driver }) {
  class Guest {}
  orm.PrimaryGeneratedColumn()(Guest.prototype, 'id', undefined);
  Reflect.defineMetadata('design:type', Number, Guest.prototype, 'id');
  orm.Column('varchar')(Guest.prototype, 'name');
  orm.Entity('guest')(Guest);
  audit?.Audited()(Guest);
  class AppModule {}
  nest.Module({
    imports: [
      nest.TypeOrmModule.forRoot({
        type: 'sqljs',
        driver,
        entities: [Guest],
        synchronize: true,
        retryAttempts: 0,
      }),
      ...(audit ? [audit.AuditModule.forRoot()] : []),
    ],
  })(AppModule);
  const app = await nest.NestFactory.createApplicationContext(AppModule, {
    logger: ['error'],
    abortOnError: false,
  });
  const dataSource = app.get(nest.getDataSourceToken());
  const { id } = await dataSource.getRepository(Guest).save({ name: 'Ann' });
  const latest = await (audit && app.get(audit.HistoryService).latest(Guest, id));
  if (audit && latest?.snapshot.name !== 'Ann') throw new Error(`no revision of the row, but ${latest}`);
  await app.close();
  process.exit(0);
};
