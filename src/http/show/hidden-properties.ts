import { ClassSerializerInterceptor, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { type EntityMetadata } from 'typeorm';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import {
  type DecoratorStorage,
  isLeftOut,
  loadDecoratorStorage,
  type SerializerOptions,
} from '../../audited/class-transformer.js';

/** The properties that class-transformer's decorators exclude from the application's answers. */
@Injectable()
export class HiddenProperties implements OnModuleInit {
  private storage: DecoratorStorage | undefined;

  constructor(@Inject(ApplicationConfig) private readonly application: ApplicationConfig) {}

  async onModuleInit(): Promise<void> {
    this.storage = await loadDecoratorStorage();
  }

  /** The property paths of an entity's hidden columns. The key is never hidden, as a request's path contains it. */
  of(plan: AuditPlan, options: SerializerOptions): ReadonlySet<string> {
    const { storage } = this;
    if (!storage) return new Set();
    const serializers = this.serializers().map((defaults) => ({ ...defaults, ...options }));
    const hidden = plan.columns.filter((column) =>
      classesWith(plan.metadata, column).some((target) =>
        serializers.some((serializer) => isHidden(storage, target, column, serializer)),
      ),
    );
    return new Set(
      hidden.filter((column) => !plan.keys.includes(column)).map(({ propertyPath }) => propertyPath),
    );
  }

  /** The options of the application's global serializers. Without any, the decorators still count. */
  private serializers(): SerializerOptions[] {
    const global = [
      ...this.application.getGlobalInterceptors(),
      ...this.application.getGlobalRequestInterceptors().map(({ instance }) => instance as unknown),
    ];
    const options = global
      .filter((interceptor) => interceptor instanceof ClassSerializerInterceptor)
      .map(
        (serializer) =>
          (serializer as unknown as { defaultOptions?: SerializerOptions }).defaultOptions ?? {},
      );
    return options.length > 0 ? options : [{}];
  }
}

// A child class of a single-table inheritance may hide a property that its parent shows, and a deleted row doesn't tell
// its class. So all classes with the column count.
function classesWith(root: EntityMetadata, { databaseName }: PlanColumn): object[] {
  return [root, ...root.childEntityMetadatas]
    .filter(
      ({ columns, target }) =>
        typeof target === 'function' && columns.some((column) => column.databaseName === databaseName),
    )
    .map(({ target }) => target as object);
}

function isHidden(
  storage: DecoratorStorage,
  target: object,
  { source }: PlanColumn,
  options: SerializerOptions,
): boolean {
  const path = source.propertyPath.split('.');
  if (isLeftOut(storage, target, path[0], options)) return true;
  let embedded = source.embeddedMetadata?.embeddedMetadataTree ?? [];
  embedded = embedded.slice(0, path.length - 1);
  return embedded.some(
    ({ type }, depth) => typeof type === 'function' && isLeftOut(storage, type, path[depth + 1], options),
  );
}
