import { Logger } from '@nestjs/common';
import { afterEach, expect, it, jest } from '@jest/globals';
import { attachAudit, Audited, Masked, NotAudited } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { looksSecret } from '../../../src/audited/masks/secret-names.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Audited()
@Entity()
class Login {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  password: string;

  @Column({ type: 'text' })
  refreshToken: string;

  @Masked()
  @Column()
  apiKey: string;

  @NotAudited()
  @Column()
  secret: string;

  @Masked(false)
  @Column()
  token: string;

  @Column({ select: false })
  pwd: string;

  @Column({ type: 'int' })
  otp: number;

  @Column()
  secretary: string;
}

describeDatabases('columns that look like secrets', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  afterEach(async () => {
    jest.restoreAllMocks();
    await dataSource.destroy();
    await database.drop();
  });

  it('are named by one warning at start, unless somebody has decided', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    database = await createDatabase(name);
    dataSource = new DataSource({ ...database.options, entities: [Login], synchronize: true });
    await dataSource.initialize();
    attachAudit(dataSource, { maskKey: 'a key of more than sixteen characters' });
    attachAudit(dataSource);
    expect(warn.mock.calls).toEqual([
      [
        'Login.password, Login.refreshToken: the names look like secrets, and the history keeps their values in clear. ' +
          'Put @Masked() or @NotAudited() on each, or @Masked(false) to keep it in clear.',
      ],
    ]);
  });
});

it.each([...['password', 'user_password', 'passwordHash', 'APIKey', 'api_key', 'accessToken', 'ssn']])(
  '%s looks like a secret',
  (property) => expect(looksSecret(property)).toBe(true),
);

it.each(['tokenCount', 'passwordChangedAt', 'secretary', 'secretId', 'key', 'pinned', 'tokens', 'salt'])(
  '%s does not look like a secret',
  (property) => expect(looksSecret(property)).toBe(false),
);
