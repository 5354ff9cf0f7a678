import { afterEach, describe, expect, it } from '@jest/globals';
import { createMongoAbility, type MongoAbility } from '@casl/ability';
import {
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  type ModuleMetadata,
  SetMetadata,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { ApiBearerAuth, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { AuditConfigurationError, Audited, AuditModule, type EndpointOptions } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { Entity, PrimaryGeneratedColumn } from 'typeorm';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';

// As Nest's documentation has them.
const ROLES_KEY = 'roles';
const Roles = (...roles: string[]) => SetMetadata(ROLES_KEY, roles);
const IS_PUBLIC_KEY = 'isPublic';
const Public = () => SetMetadata(IS_PUBLIC_KEY, true);

@Injectable()
class AuthGuard implements CanActivate {
  constructor(private reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const isPublic = this.reflector.getAllAndOverride<boolean>(IS_PUBLIC_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isPublic) return true;
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    const { role } = request.headers;
    if (role) request.user = { roles: [role] };
    return !!request.user;
  }
}

@Injectable()
class RolesGuard implements CanActivate {
  constructor(private reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const requiredRoles = this.reflector.getAllAndOverride<string[]>(ROLES_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!requiredRoles) {
      return true;
    }
    const { user } = context.switchToHttp().getRequest<{ user: { roles?: string[] } }>();
    return requiredRoles.some((role) => user.roles?.includes(role));
  }
}

type PolicyHandler = (ability: MongoAbility) => boolean;
const CHECK_POLICIES_KEY = 'check_policy';
const CheckPolicies = (...handlers: PolicyHandler[]) => SetMetadata(CHECK_POLICIES_KEY, handlers);

@Injectable()
class PoliciesGuard implements CanActivate {
  constructor(private reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const handlers =
      this.reflector.getAllAndOverride<PolicyHandler[]>(CHECK_POLICIES_KEY, [
        context.getHandler(),
        context.getClass(),
      ]) || [];
    const { user } = context.switchToHttp().getRequest<{ user: { roles: string[] } }>();
    const subject = user.roles.includes('admin') ? 'all' : 'Article';
    const ability = createMongoAbility([{ action: 'read', subject }]);
    return handlers.every((handler) => handler(ability));
  }
}

describe('endpoints with decorators', () => {
  let app: INestApplication | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  async function start(endpoints: EndpointOptions, metadata: ModuleMetadata = {}): Promise<void> {
    const imports = [sqlite([Reservation]), AuditModule.forRoot({ endpoints }), ...(metadata.imports ?? [])];
    app = await startApp({ ...metadata, imports });
    await dataSourceOf(app).getRepository(Reservation).save({ party: 2 });
  }
  const get = (path: string, role?: string) => {
    const get = request(app!.getHttpServer()).get(path);
    return role ? get.set('role', role) : get;
  };
  const paths = ['/audit', '/audit/feed', '/audit/reservation/1', '/audit/reservation/1/versions/1'];
  async function expectForAdminsOnly(): Promise<void> {
    for (const path of paths) {
      await get(path).expect(403);
      await get(path, 'user').expect(403);
      await get(path, 'admin').expect(200);
    }
  }

  it('are read by the role that they are for', async () => {
    await start({ guards: [AuthGuard, RolesGuard], decorators: [Roles('admin')] });
    await expectForAdminsOnly();
  });

  it('are read by whom a policy lets', async () => {
    await start({
      guards: [AuthGuard, PoliciesGuard],
      decorators: [CheckPolicies((ability) => ability.can('read', 'History'))],
    });
    await expectForAdminsOnly();
  });

  const guards = [AuthGuard, RolesGuard].map((useClass) => ({ provide: APP_GUARD, useClass }));

  it('are read by the role that guards of the application ask for', async () => {
    await start({ public: true, decorators: [Roles('admin')] }, { providers: guards });
    await expectForAdminsOnly();
  });

  it('are open where they are @Public()', async () => {
    await start({ public: true, decorators: [Public()] }, { providers: guards });
    await get('/audit/reservation/1').expect(200);
  });

  it('keep what is said of one data source from another', async () => {
    @Audited()
    @Entity()
    class Note {
      @PrimaryGeneratedColumn()
      id!: number;
    }
    const archive = AuditModule.forRoot({
      dataSource: 'archive',
      endpoints: { path: 'archive', guards: [AuthGuard, RolesGuard], decorators: [Roles('archivist')] },
    });
    await start(
      { guards: [AuthGuard, RolesGuard], decorators: [Roles('admin')] },
      { imports: [sqlite([Note], { name: 'archive' }), archive] },
    );
    await get('/audit', 'admin').expect(200);
    await get('/audit', 'archivist').expect(403);
    await get('/archive', 'archivist').expect(200);
    await get('/archive', 'admin').expect(403);
  });

  it('are marked in the OpenAPI document', async () => {
    await start({ public: true, decorators: [ApiBearerAuth()] });
    const { paths } = SwaggerModule.createDocument(app!, new DocumentBuilder().addBearerAuth().build());
    expect(paths['/audit/feed'].get!.security).toEqual([{ bearer: [] }]);
  });

  it('refuse to start with what is no decorator', async () => {
    const wrong = start({ public: true, decorators: ['admin'] as never });
    await expect(wrong).rejects.toThrow(AuditConfigurationError);
    await expect(wrong).rejects.toThrow(
      "endpoints.decorators must be an array of class decorators such as [Roles('admin')], got an array. Leave it out for the default.",
    );
  });
});
