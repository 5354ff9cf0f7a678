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
import { Tagged } from './openapi/openapi.decorator.js';

/** What an AuditModule needs to show its history over HTTP: nothing, unless it is asked to. */
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

// A class of its own for each registration, because Nest keeps the path of a controller on its class.
function controllerOf(shape: AuditModuleShape): Type {
  const dataSource = getDataSourceToken(shape.dataSource);
  // OpenAPI makes the ids of operations from it, which have to differ.
  const name = dataSource === DataSource ? 'AuditController' : `${String(dataSource)}AuditController`;
  const controller = { [name]: class extends AuditController {} }[name];
  Tagged('audit')(controller);
  // Before our own, so that their guards are asked first and their interceptors see what is sent. What isn't an array
  // of functions is refused when the application starts.
  for (const decorate of decoratorsOf(shape)) decorate(controller);
  Controller(pathOf(shape))(controller);
  UseGuards(EndpointsGuard)(controller);
  UseInterceptors(HttpErrorsInterceptor, JsonInterceptor)(controller);
  return controller;
}
