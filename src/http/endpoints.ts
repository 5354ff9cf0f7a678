import { Controller, type Provider, type Type, UseGuards, UseInterceptors } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type AuditModuleShape } from '../audit.options.js';
import { AuditController } from './audit.controller.js';
import { AuditedEntities } from './audited-entities.js';
import { EndpointsCheck } from './endpoints.check.js';
import { pathOf } from './endpoints-path.js';
import { EndpointsGuard } from './endpoints.guard.js';
import { HiddenProperties } from './show/hidden-properties.js';
import { Presenters } from './show/presenters.js';
import { HttpErrorsInterceptor } from './http-errors.interceptor.js';
import { JsonInterceptor } from './show/json.interceptor.js';
import { WriteController } from './write.controller.js';
import { Tagged } from './openapi/openapi.decorator.js';

/** The controllers and providers of the HTTP endpoints; none without the option `endpoints`. */
export function endpointsOf(shape: AuditModuleShape): {
  controllers: Type[];
  providers: Provider[];
} {
  if (!shape.endpoints) return { controllers: [], providers: [] };
  return {
    controllers: [controllerOf(shape)],
    providers: [AuditedEntities, EndpointsCheck, HiddenProperties, Presenters],
  };
}

function decoratorsOf({ endpoints }: AuditModuleShape): ClassDecorator[] {
  const given: unknown = endpoints?.decorators;
  return Array.isArray(given) ? given.filter((decorator) => typeof decorator === 'function') : [];
}

// Each registration gets its own class, because Nest stores a controller's path on its class.
function controllerOf(shape: AuditModuleShape): Type {
  const dataSource = getDataSourceToken(shape.dataSource);
  // OpenAPI derives operation ids from the class name, and they have to be unique.
  const name = dataSource === DataSource ? 'AuditController' : `${String(dataSource)}AuditController`;
  const base = shape.endpoints?.canWrite ? WriteController : AuditController;
  const controller = { [name]: class extends base {} }[name];
  Tagged('audit')(controller);
  // Applied before our own decorators, so that their guards run first and their interceptors see the final answer. The
  // start of the application refuses anything but an array of functions.
  for (const decorate of decoratorsOf(shape)) decorate(controller);
  Controller(pathOf(shape))(controller);
  UseGuards(EndpointsGuard)(controller);
  UseInterceptors(HttpErrorsInterceptor, JsonInterceptor)(controller);
  return controller;
}
